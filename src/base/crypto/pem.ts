/** The certificates of a text in PEM (RFC 7468), each as it stands there with its first and last line. */
export const pemCertificates = (text: string): string[] =>
  text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
