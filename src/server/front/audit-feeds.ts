/** AuditEvents beside the requests that they tell of: sent on to sinks, and taken out when they were kept long enough. */
import { createFeed, type Feed, type FeedParts } from '../../audit/feed.ts'
import { createRetention } from '../../audit/retention.ts'
import { syslogFrame } from '../../audit/syslog.ts'
import { type After, afterTimeout } from '../../base/after.ts'
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { errorText } from '../../base/system-error.ts'
import type { Config } from '../../config.ts'
import { isOfType } from '../../fhir/json.ts'
import type { NetworkClient } from '../../network/network-client.ts'
import { type KeptLease, keptLease, onlyAlone } from '../../storage/lease.ts'
import type { AuditKeeping, Storage } from '../../storage/storage.ts'
import type { Tell } from './log.ts'

/** What it takes of the server. */
export interface AuditParts {
  config: Pick<Config, 'auditSinks' | 'auditRetentionDays'>
  storage: Storage & AuditKeeping
  network: Pick<NetworkClient, 'request' | 'openStream'>
  /** Name and version. */
  software: string
  /** Public address, whose host the messages name. */
  baseUrl(): string
  now(): Date
  after?: After | undefined
  tell: Tell
}

/** At work from `start` on. */
export interface AuditFeeds {
  sinks(): ReturnType<Feed['state']>[]
  start(): void
  close(): Promise<void>
}

/** Kind of the records that say how far a sink has got. */
const positions = 'audit-sink'

/** Makes what a configuration wants. */
export function createAuditFeeds(parts: AuditParts): AuditFeeds {
  const { config, storage, software, now, after = afterTimeout, tell } = parts
  // Of several processes over one store one feeds a sink, so that nothing comes there twice while none of them is killed.
  const leases = config.auditSinks.map((address) =>
    keptLease({ records: storage.records, job: `audit sink ${sha256Hex(Buffer.from(address)).slice(0, 16)}` }),
  )
  const feeds = config.auditSinks.map((address, index) =>
    feedTo(address, { name: `${index + 1}`, lease: leases[index] }, parts),
  )
  const retention =
    config.auditRetentionDays === undefined
      ? undefined
      : createRetention({
          days: config.auditRetentionDays,
          forget: storage.forgetAuditEvents,
          count: storage.oldAuditEvents,
          write: async (resource) => void (await storage.write([{ method: 'POST', type: 'AuditEvent', resource }])),
          alone: onlyAlone({ records: storage.records, job: 'audit retention' }),
          software,
          now,
          after,
          failed: (error) => tell(`audit retention: ${errorText(error)}`, 'error'),
        })
  return {
    sinks: () => feeds.map((each) => each.state()),
    start() {
      for (const feed of feeds) feed.start()
      retention?.start()
    },
    async close() {
      await Promise.all([...feeds.map((each) => each.close()), retention?.close()])
      await Promise.all(leases.map((each) => each.close()))
    },
  }
}

function feedTo(
  address: string,
  { name, lease }: { name: string; lease: KeptLease | undefined },
  parts: AuditParts,
): Feed {
  const { storage, after = afterTimeout, tell } = parts
  const send = address.startsWith('https:') ? byPost(address, parts) : bySyslog(address, parts)
  return createFeed({
    name,
    send,
    async read(since, most) {
      const from = since === undefined ? {} : { since }
      const { matches } = await storage.history({ type: 'AuditEvent', oldestFirst: true, count: most, ...from })
      return matches.length > 0 && (await lease?.isHeld()) === false ? [] : matches
    },
    position: {
      get: () => storage.records.get(positions, address),
      set: (from, to) => storage.records.replace(positions, address, from, to),
    },
    after,
    changed: (failure) =>
      failure === undefined
        ? tell(`audit sink ${name}: all is in order again`)
        : tell(`audit sink ${name}: ${failure}; AuditEvents wait in the store`, 'warn'),
    textOf: errorText,
  })
}

/** FHIR feed: each AuditEvent by POST, as RESTful ATNA has it (IHE ITI, ITI-20). */
function byPost(base: string, { network }: AuditParts): FeedParts['send'] {
  const url = `${base.replace(/\/+$/, '')}/AuditEvent`
  return async (events, taken) => {
    for (const [index, event] of events.entries()) {
      const { status } = await network.request({
        url,
        method: 'POST',
        headers: { 'Content-Type': 'application/fhir+json', Accept: 'application/fhir+json', Prefer: 'return=minimal' },
        body: Buffer.from(JSON.stringify(event)),
        client: 'audit',
      })
      if (status < 200 || status > 299) throw new Error(`it answered with status ${status}`)
      taken(index + 1)
    }
  }
}

/** Messages over one connection, which ends when all are taken. */
function bySyslog(address: string, { network, software, baseUrl }: AuditParts): FeedParts['send'] {
  const { hostname: host, port } = new URL(address)
  return async (events) => {
    const socket = await network.openStream({ host, port: Number(port || 6514) })
    const from = { host: new URL(baseUrl()).hostname, software }
    const frames = events.flatMap((event) => (isOfType(event, 'AuditEvent') ? [syslogFrame(event, from)] : []))
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.once('close', () => reject(new Error('it ended the connection before it had taken everything')))
      socket.setTimeout(30_000, () => socket.destroy(new Error('it took too long')))
      // What it may say is read and thrown away: syslog has no answers.
      socket.resume()
      socket.end(Buffer.concat(frames), () => resolve())
    })
    socket.setTimeout(0)
  }
}
