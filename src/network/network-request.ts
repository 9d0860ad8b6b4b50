/** One request to another server. */
export interface NetworkRequest {
  /** https address; it may be a secret and is never told. */
  url: string
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  headers?: Readonly<Record<string, string>>
  body?: Uint8Array
  /** Largest body of the answer, in bytes; never more than the client's own limit. */
  maxBytes?: number
  /** On whose account it is made: clients have turns of their own. */
  client?: string
  /** Calls it off. */
  signal?: AbortSignal
}

/**
 * What the other server answered, whatever its status: no redirect, and no more bytes than were allowed. 304 comes only where the request
 * was conditional.
 */
export interface NetworkReply {
  status: number
  /** By name in lower case. */
  headers: Readonly<Record<string, string>>
  body: Buffer
  /** DER of the other server's TLS certificate. */
  peer?: Buffer
}

/** Sends one request. @throws NetworkError that names neither address nor content */
export type SendRequest = (request: NetworkRequest) => Promise<NetworkReply>
