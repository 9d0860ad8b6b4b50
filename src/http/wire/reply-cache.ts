import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Storage } from '../../storage/storage.ts'
import { isProtectedType } from '../audit/audit-event.ts'
import { supportedTypes } from '../describe/stored-types.ts'
import type { Outgoing } from '../message/exchange.ts'
import { ready } from './ready-head.ts'

/** A reply as it goes out, ready to be sent again. */
export interface CachedReply {
  status: number
  /** All headers but those of the single request and those that every reply has. */
  headers: Record<string, string>
  body: string | Uint8Array
  /** Of the body, in bytes. */
  length: number
  /** Bodies packed already, by coding. */
  packed: Map<string, Uint8Array>
  /** For the access log. */
  place: { route: string; resourceType: string }
}

/** Replies to public reads, valid as long as the store has not changed. */
export interface ReplyCache {
  find(key: string): CachedReply | undefined
  /** Whether the reply is worth keeping: it is asked for the second time. What is asked for once would only cost. */
  wants(address: string): boolean
  /** Keeps a reply that was worked out while the store was at `revision`. */
  keep(key: string, reply: CachedReply, revision: number): void
  /** The state of the store when `find` last looked. */
  revision(): number
}

const maximumReplies = 5000
const maximumBytes = 48 * 1024 * 1024
/** What a kept reply takes beside its body: key, headers, bookkeeping. */
const overhead = 1000

/** Memory of a kept reply: its body, as much again for its packed forms, and the rest. */
const memoryOf = (key: string, { length }: CachedReply): number => 2 * length + 2 * key.length + overhead
/** Larger replies are rare and would push out many small ones. */
const maximumReplyBytes = 256 * 1024

/** Operations whose answer depends on the request and the store alone. */
const cachedOperations = new Set(['validate-code', 'lookup', 'translate', 'expand', 'subsumes'])
const harmlessHeaders = new Set([
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-real-ip',
])

/**
 * The key under which the reply to a GET may be kept, or undefined when it may not: handlers see the headers, so a
 * request with a header of its own kind is worked out afresh.
 */
export function cacheKey(address: string, headers: IncomingHttpHeaders): string | undefined {
  if (address.length > 1000 || headers.authorization !== undefined) return undefined
  for (const name in headers) if (name.startsWith('x-') && !harmlessHeaders.has(name)) return undefined
  const { accept = '', 'accept-language': language = '', prefer = '', 'content-type': type = '' } = headers
  // Headers that only somebody makes who wants much to be kept.
  if (accept.length + language.length + prefer.length + type.length > longestHeaders) return undefined
  // Where nothing else says it, the format of a question is that of its answer.
  return `${address}\n${accept}\n${language}\n${prefer}\n${type}`
}

const longestHeaders = 500

/** Reads, and searches by GET. */
const cachedPatterns = new Set(['/:type/:id', '/:type'])

/** Whether replies of that route may be kept. */
export function isCacheable(pattern: string, operation: string): boolean {
  return cachedPatterns.has(pattern) || cachedOperations.has(operation)
}

/** A reply in the form in which it is kept, with an ETag; undefined when it must not be kept. */
export function cachedReply(outgoing: Outgoing, place: CachedReply['place']): CachedReply | undefined {
  const { status, headers, body } = outgoing
  if (status !== 200 || headers['Cache-Control'] === 'no-store') return undefined
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return undefined
  const tagged = headers.ETag === undefined ? { ...headers, ETag: contentTag(body) } : { ...headers }
  return {
    status,
    headers: ready(tagged),
    body,
    length: Buffer.byteLength(body),
    packed: new Map(),
    place,
  }
}

/** ETag of an answer that is no stored version: of its content. */
function contentTag(body: string | Uint8Array): string {
  return `W/"${createHash('sha1').update(body).digest('base64url')}"`
}

/** Questions remembered as asked once: numbers, for the texts themselves would be thousands that nobody asks again. */
const askedSlots = 8192

/** A number for a text, over every character in two sums; never 0, which stands for an empty slot. */
function hash(text: string): number {
  let even = text.length
  let odd = text.charCodeAt(text.length - 1)
  for (let at = 1; at < text.length; at += 2) {
    even = (Math.imul(even, 31) + text.charCodeAt(at - 1)) | 0
    odd = (Math.imul(odd, 37) + text.charCodeAt(at)) | 0
  }
  return (Math.imul(even, 0x01000193) ^ odd) >>> 0 || 1
}

/** A cache of the last replies, emptied when the store changes. */
export function createReplyCache(revision: () => number): ReplyCache {
  const replies = new Map<string, CachedReply>()
  const askedOnce = new Uint32Array(askedSlots)
  let validAt = revision()
  let bytes = 0
  const drop = (key: string) => {
    const reply = replies.get(key)
    if (reply) bytes -= memoryOf(key, reply)
    replies.delete(key)
  }
  const refresh = () => {
    const now = revision()
    if (now === validAt) return
    replies.clear()
    bytes = 0
    validAt = now
  }
  return {
    revision: () => validAt,
    find(key) {
      refresh()
      const found = replies.get(key)
      if (!found) return undefined
      // The Map keeps the order of insertion: what was used goes to the end, what is at the front goes first. As long
      // as there is room for as many again, nothing is about to go.
      if (replies.size > maximumReplies / 2 || bytes > maximumBytes / 2) {
        replies.delete(key)
        replies.set(key, found)
      }
      return found
    },
    wants(address) {
      // Two addresses of one number are taken for one, which is no harm: a reply is kept that was asked for once.
      const number = hash(address)
      const slot = number % askedSlots
      if (askedOnce[slot] === number) return true
      askedOnce[slot] = number
      return false
    },
    keep(key, reply, at) {
      refresh()
      if (at !== validAt || reply.length > maximumReplyBytes) return
      drop(key)
      replies.set(key, reply)
      bytes += memoryOf(key, reply)
      for (const oldest of replies.keys()) {
        if (replies.size <= maximumReplies && bytes <= maximumBytes) break
        drop(oldest)
      }
    },
  }
}

const publicTypes = supportedTypes.filter((type) => !isProtectedType(type))

/**
 * A number that grows with every write of what is public, and with what else may change an answer: content that is still to come, and
 * signatures of authors that hold no more. AuditEvents of reads must not empty the cache that makes reads quick.
 */
export function publicRevision(
  storage: Pick<Storage, 'revision'>,
  { contentEpoch = () => 0 }: { contentEpoch?(): number } = {},
): () => number {
  return () => storage.revision(publicTypes) + contentEpoch()
}
