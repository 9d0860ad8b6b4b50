/** What the page and the scanner's worker say to each other. */

/** To the worker: a picture of the camera, or a file that somebody gave. The picture is the worker's then, which closes it. */
export type ToScanWorker = { kind: 'frame'; frame: ImageBitmap } | { kind: 'file'; file: Blob }

/**
 * What became of a file. `codes`: all that are on it were read · `server`: the server may find more (nothing was found, something was seen
 * that could not be read, or it is a PDF) · `none`: nothing was found, and the server does not read such files · `unread`: not all could be
 * read, and the server does not read such files · `unknown`: it is no picture · `broken`: it says it is a picture and cannot be decoded ·
 * `huge`: it has more pixels than are decoded · `large`: nothing was found, and the server would refuse it for its bytes
 */
export type FileOutcome =
  | { kind: 'codes'; texts: string[] }
  | { kind: 'server'; bytes: Uint8Array<ArrayBuffer>; contentType: string }
  | { kind: 'none' | 'unread' | 'unknown' | 'broken' | 'huge' | 'large' }

/** From the worker: one answer to each message, in their order; `failed` when its program cannot be loaded, after which it is of no use. */
export type FromScanWorker =
  | { kind: 'frame'; texts: string[]; isUnread: boolean }
  | { kind: 'file'; outcome: FileOutcome }
  | { kind: 'failed' }
