/** Where the two halves of a key are: PEM or DER with a key file, or one PKCS#12 file with a password file. */
export interface KeyFiles {
  certificate: string
  /** Absent when `certificate` is a PKCS#12 file. */
  key?: string
  /** A file whose first line is the password of the PKCS#12 file or of an encrypted PEM key. */
  passwordFile?: string
}

/** One Trust Network Gateway that this server takes part in; every path is absolute. */
export interface GatewaySettings {
  /** Short name: `main` for the one of the single settings. */
  id: string
  /** https address, a path included, without a slash at the end. */
  url: string
  /** The participant that this server is, ISO 3166-1 alpha-2 in capitals. */
  country: string
  /** Client certificate of mutual TLS. */
  tls: KeyFiles
  /** PEM certificates that the gateway's own is held against; the public authorities where absent. */
  ca?: string
  /** Certificate that signs what is sent. Without it this server only reads there. */
  upload?: KeyFiles
  /** Files of the gateway's trust anchors. */
  anchors: readonly string[]
  /** Whether what is read there may be handed on to others (`FEDERATION`), or serves this server alone. */
  target: 'FEDERATION' | 'GATEWAYONLY'
  /** Whether what is read there takes the place of that gateway's earlier rows alone, or of all rows. */
  mode: 'APPEND' | 'OVERRIDE'
  /** Whether rows that the gateway has from other gateways are asked for. */
  withFederation: boolean
}
