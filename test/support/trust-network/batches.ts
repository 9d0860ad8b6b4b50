/** Revocation batches of a gateway, and the gateway that hands them out: with pages, the mandatory date, and faults. */
import type { GatewayBatch, GatewayDownloads } from '../../../src/trust/lists/gateway-source.ts'
import { type CmsOptions, cmsText } from '../pki/cms.ts'
import type { PkiKey } from '../pki/pki.ts'

/** A batch as a country writes it. */
export interface BatchWish {
  country: string
  signer: PkiKey
  hashes: Buffer[]
  hashType?: 'SIGNATURE' | 'UCI' | 'COUNTRYCODEUCI'
  kid?: string
  expires?: string
  /** Members that take the place of the usual ones. */
  more?: object
  cms?: CmsOptions
}

/** The signed message of a batch. */
export function batchMessage(wish: BatchWish): string {
  const { country, signer, hashes, hashType = 'UCI', kid = 'UNKNOWN_KID', expires = '2099-01-01T00:00:00Z' } = wish
  const entries = hashes.map((hash) => ({ hash: hash.toString('base64') }))
  const payload = JSON.stringify({ country, expires, kid, hashType, entries, ...wish.more })
  return cmsText(payload, signer, wish.cms)
}

/** What a gateway was asked, and what it has. */
export interface BatchGateway {
  entries: GatewayBatch[]
  messages: Map<string, string | 'unknown' | 'deleted' | Error>
  /** Asked since the last look. */
  asked: { since: string[]; batches: string[] }
  pageSize: number
  answers: Pick<GatewayDownloads, 'revocationList' | 'revocationBatch'>
  /** Adds a batch, changed at that time. */
  add(id: string, message: string | 'unknown' | 'deleted' | Error, entry: Partial<GatewayBatch>): void
}

/** A gateway without batches. */
export function batchGateway(): BatchGateway {
  const gateway: BatchGateway = {
    entries: [],
    messages: new Map(),
    asked: { since: [], batches: [] },
    pageSize: 1000,
    add(batchId, message, entry) {
      gateway.messages.set(batchId, message)
      const usual = { batchId, country: 'XA', date: '2026-01-01T00:00:00Z', deleted: false }
      gateway.entries.push({ ...usual, ...entry })
    },
    answers: {
      async revocationList(since) {
        gateway.asked.since.push(since)
        const due = gateway.entries
          .filter(({ date }) => Date.parse(date) >= Date.parse(since))
          .sort((a, b) => Date.parse(a.date) - Date.parse(b.date))
        if (due.length === 0) return undefined
        return { more: due.length > gateway.pageSize, batches: due.slice(0, gateway.pageSize) }
      },
      async revocationBatch(id) {
        gateway.asked.batches.push(id)
        const found = gateway.messages.get(id) ?? 'unknown'
        if (found instanceof Error) throw found
        return found
      },
    },
  }
  return gateway
}
