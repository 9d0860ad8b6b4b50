/** What was answered just now, for one line of the access log: nothing in it says about whom or about which code a request was. */
export interface AccessLogEntry {
  requestId: string
  method: string
  /** Pattern of the route, e.g. `/:type/:id`, never the address itself. */
  route: string
  /** Resource type in the path, when there is one that this server knows. */
  resourceType?: string
  status: number
  durationMs: number
  /** Bytes of the body of the reply, as sent. */
  bytes: number
}

/** Takes a line of the access log; must not throw. */
export type AccessLog = (entry: AccessLogEntry) => void

/** Takes an error that nobody expected, to be logged with its stack under the id of the request. */
export type ErrorLog = (entry: { requestId: string; error: unknown }) => void

/** Where a listener reports. */
export interface Logs {
  accessLog?: AccessLog
  errorLog: ErrorLog
}
