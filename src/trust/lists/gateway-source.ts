import type { X509Certificate } from 'node:crypto'
import type { JsonObject } from '../../base/json-value.ts'

/** One entry of a gateway's list of revocation batches. */
export interface GatewayBatch {
  batchId: string
  /** Alpha-2. */
  country: string
  /** When it last changed, as the gateway writes it (ISO 8601). */
  date: string
  /** It no longer counts. */
  deleted: boolean
}

/** A page of that list, in the order of change. */
interface GatewayBatchPage {
  /** Whether further pages follow. */
  more: boolean
  batches: GatewayBatch[]
}

/**
 * What the trust room is given of a gateway: its downloads, and whose word counts there. Every function rejects with an Error for a
 * gateway that cannot be reached or refuses; nothing that they answer has been verified.
 */
export interface GatewayDownloads {
  /** Name in the configuration. */
  id: string
  /** Our own country there, alpha-2. */
  country: string
  /** Certificates of the trust anchor, which signs what the gateway lists as its own. */
  anchors: readonly X509Certificate[]
  /** Rows `{certificate, signature, kid, group, country, domain, …}` of the trust list, as they came. */
  certificates(options?: { withFederation?: boolean }): Promise<JsonObject[]>
  /** Rows `{url, type, country, name, signature, keyStorageType, …}` of trusted issuers, as they came. */
  issuers(options?: { withFederation?: boolean }): Promise<JsonObject[]>
  /** Batches that changed at `since` (ISO 8601) or later; undefined: none. `not-offered`: the gateway has no such list. */
  revocationList(since: string): Promise<GatewayBatchPage | undefined | 'not-offered'>
  /** A batch: base64 of CMS, signed by an upload certificate of its country. */
  revocationBatch(id: string): Promise<string | 'unknown' | 'deleted'>
}
