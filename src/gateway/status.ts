/** How this server stands at its gateways, for its operator. */
import type { Storage } from '../storage/storage.ts'
import type { OpenGateway } from './open-gateway.ts'
import type { GatewayState } from './register/job.ts'
import { knownGateway, knownReferences, type ReferenceState } from './register/records.ts'

/** Standing of one reference. */
export interface ReferenceStatus {
  url: string
  service: string
  domain: string
  state: ReferenceState
  uuid?: string
  /** SHA-256 as the gateway's list had it last. */
  thumbprint?: string
  lastError?: string
}

/** Standing at one gateway. Without key material. */
export interface GatewayStatus {
  id: string
  country: string
  state: GatewayState
  /** Instant of its last answer. */
  lastContact?: string
  lastError?: string
  /** Instants at which the certificates end. */
  tlsValidTo: string
  uploadValidTo?: string
  warnings: string[]
  references: ReferenceStatus[]
}

/** What the status is made of. */
export interface StatusOptions {
  gateways: readonly Pick<OpenGateway, 'settings' | 'tls' | 'upload' | 'warnings'>[]
  records: Storage['records']
  /** The setting NETWORK. */
  isOn: boolean
  now(): Date
}

/** As it was left by the last run, whichever process made it. Asks no gateway. */
export function gatewayStatus({ gateways, records, isOn, now }: StatusOptions): Promise<GatewayStatus[]> {
  return Promise.all(
    gateways.map(async ({ settings: { id, country }, tls, upload, warnings }) => {
      const known = await knownGateway(records, id)
      return {
        id,
        country,
        state: isOn ? (known?.state ?? 'unreachable') : 'off',
        ...(known?.lastContact ? { lastContact: known.lastContact } : {}),
        ...(known?.lastError ? { lastError: known.lastError } : known ? {} : { lastError: 'not asked yet' }),
        tlsValidTo: tls.validToDate.toISOString(),
        ...(upload ? { uploadValidTo: upload.validToDate.toISOString() } : {}),
        warnings: warnings(now()),
        references: (await knownReferences(records, id)).map(
          ({ url, service, domain, state, uuid, thumbprint, lastError }) => ({
            url,
            service,
            domain,
            state,
            ...(uuid ? { uuid } : {}),
            ...(thumbprint ? { thumbprint } : {}),
            ...(lastError ? { lastError } : {}),
          }),
        ),
      }
    }),
  )
}
