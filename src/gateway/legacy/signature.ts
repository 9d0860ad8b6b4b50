/** Signs lists as the clients of these endpoints verify them: a SEQUENCE of two INTEGERs (RFC 3279 §2.2.3). */
export interface ListSigner {
  /** Changes when another key signs. */
  keyId: string
  /** SubjectPublicKeyInfo, DER. */
  publicKey: Buffer
  /** ECDSA with SHA-256, DER. */
  sign(bytes: Uint8Array): Promise<Buffer>
}
