/** A trusted reference as a gateway lists it, as far as mirroring reads it, and whether it is wanted. */
import type { MirrorRule } from './mirror-settings.ts'

/** One row. Nothing in it is certain: a gateway checks neither address nor thumbprint. */
export interface ListedReference {
  uuid: string
  url: string
  /** Alpha-2. */
  country: string
  type: string
  service: string
  domain: string
  signatureType: string
  contentType?: string | undefined
  thumbprint?: string | undefined
  sslPublicKey?: string | undefined
}

/** A row of a gateway with what is configured for it. */
export interface WantedReference {
  gateway: string
  row: ListedReference
  /** Code of the participant as tags of copies have it. */
  participant: string
  isUnsignedAllowed: boolean
}

/** Codes of participants: how they are compared and written belongs to trust. */
export interface ParticipantCodes {
  same(a: string, b: string): boolean
  /** The code of three letters; undefined when the text is no code. */
  code(text: string): string | undefined
}

/**
 * The rows that the allow-list lets in. Our own are none of them, in whatever spelling the row has its country.
 * @param own participants that this server is, at this or another gateway
 */
export function wantedReferences(
  { gateway, rows, own }: { gateway: string; rows: readonly ListedReference[]; own: readonly string[] },
  allow: readonly MirrorRule[],
  codes: ParticipantCodes,
): WantedReference[] {
  return rows.flatMap((row) => {
    const participant = codes.code(row.country)
    if (participant === undefined || own.some((each) => codes.same(each, row.country))) return []
    const rules = allow.filter((rule) => fits(rule, gateway, row, codes))
    if (rules.length === 0) return []
    return [{ gateway, row, participant, isUnsignedAllowed: rules.some(({ unsigned }) => unsigned) }]
  })
}

function fits(rule: MirrorRule, gateway: string, row: ListedReference, codes: ParticipantCodes): boolean {
  if (!codes.same(rule.participant, row.country)) return false
  if (rule.gateway !== undefined && rule.gateway !== gateway) return false
  if (rule.service === undefined ? isOperation(row.service) : rule.service !== row.service) return false
  return rule.domain === undefined || rule.domain === row.domain
}

/** Operations of others (`$evaluate`) have nothing that is mirrored: they are looked at only when an entry names them. */
const isOperation = (service: string): boolean => service.startsWith('$')

/** Name of a reference: a row that another participant has taken over is another one. */
export const referenceKey = ({ gateway, participant, row }: WantedReference): string =>
  `${gateway} ${participant} ${row.uuid}`
