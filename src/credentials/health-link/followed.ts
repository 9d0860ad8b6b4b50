/** What following a link comes to, and the one way in which its steps ask the sharer. */
import type { Json } from '../../base/json-value.ts'
import type { SignedMessage } from '../../network/message-signature.ts'
import { NetworkError } from '../../network/network-error.ts'
import type { NetworkReply, SendRequest } from '../../network/network-request.ts'
import type { CheckName, Status } from '../credential-format.ts'
import { parseStrictJsonBytes } from '../encoding/strict-json.ts'
import type { HealthLink } from './health-link.ts'

/** One file behind a link, opened with its key where there is one. */
export interface LinkedFile {
  /** Media type in lower case without parameters; the file and what announced it agree in it. */
  contentType: string
  bytes: Uint8Array
  /** Whether the key of the link opened it: without one whoever holds the host, or a name that leads there, writes what he likes. */
  isSealed: boolean
}

/** Why a link led to nothing: the check that fails, in words without address or key. */
export interface NotFollowed {
  status: Status
  check: CheckName
  detail: string
  /** Nothing was had, so nothing speaks against a certificate that holds the link. */
  isUnavailable?: true
}

/** The files behind a link, one at least; or why there are none that could be judged. */
export type Followed = { files: LinkedFile[] } | NotFollowed

/** What whoever follows a link must know beside it. */
export interface LinkQuestion {
  passcode?: string
  /** Who receives the files, as the sharer is told; by default the name of this software. */
  recipient?: string
  /** On whose account the sharer is asked. */
  client?: string
  clock: Date
}

/** What following needs of the server: nothing here opens a connection, reads a clock or holds a key. */
export interface LinkTools {
  /** The guarded client. */
  request: SendRequest
  /** Headers that sign a message with the key of this server (RFC 9421). */
  sign(message: SignedMessage): Record<string, string>
  /** Whether the operator names the host of an address, so that a sharer may send there. */
  isListed(url: string): boolean
}

/** One link under way. */
export interface Following extends LinkTools {
  link: HealthLink
  passcode?: string
  recipient: string
  client: string
}

/** Where a file is, as the sharer announces it. */
export interface Announced {
  contentType?: string
  /** The file itself. */
  embedded?: string | Uint8Array
  location?: string
}

/** Largest list of files or documents, in bytes. */
const LIST_BYTES = 1_500_000
const LIST_DEPTH = 64

/** That the sharer gave nothing. */
export const unavailable = (detail: string): NotFollowed => ({
  status: 'UNSUPPORTED_CONTENT',
  check: 'payload',
  detail: `health link: ${detail}`,
  isUnavailable: true,
})

/** That what the sharer gave is not what it must be. */
export const unusable = (detail: string): NotFollowed => ({
  status: 'UNSUPPORTED_CONTENT',
  check: 'payload',
  detail: `health link: ${detail}`,
})

/** That the sharer has ended the link. */
export const ended = (detail: string): NotFollowed => ({
  status: 'EXPIRED',
  check: 'validity-period',
  detail: `health link: ${detail}`,
})

/** Whether a step came to nothing. */
export const isNotFollowed = (value: object): value is NotFollowed => 'status' in value && 'check' in value

/** One question to the sharer. */
export interface Asking {
  url: string
  accept: string
  /** With a body it is a POST. */
  content?: { type: string; body: string }
  /** Whether it is signed with the key of this server. */
  isSigned: boolean
  maxBytes?: number
}

/** Asks the sharer; an answer of any status is an answer. */
export async function ask(following: Following, asking: Asking): Promise<NetworkReply | { fault: NotFollowed }> {
  const { url, accept, content, isSigned, maxBytes = LIST_BYTES } = asking
  const method = content ? 'POST' : 'GET'
  const body = content && Buffer.from(content.body, 'utf8')
  const contentType = content?.type
  try {
    const message = { method, url, ...(body && contentType ? { body, contentType } : {}) } as const
    const headers = {
      Accept: accept,
      ...(contentType === undefined ? {} : { 'Content-Type': contentType }),
      ...(isSigned ? following.sign(message) : {}),
    }
    const { client } = following
    return await following.request({ url, method, headers, maxBytes, client, ...(body ? { body } : {}) })
  } catch (error) {
    if (error instanceof NetworkError) return { fault: unavailable(error.message) }
    throw error
  }
}

/** JSON of an answer; undefined when it is none, or ambiguous. */
export function jsonOf({ body }: NetworkReply): Json | undefined {
  return parseStrictJsonBytes(body, LIST_DEPTH)
}

/** When the sharer says that he may be asked again. */
export function retryText({ headers }: NetworkReply): string {
  const seconds = headers['retry-after']?.trim() ?? ''
  return /^\d{1,6}$/.test(seconds) ? `; ask again after ${Number(seconds)} seconds` : ''
}
