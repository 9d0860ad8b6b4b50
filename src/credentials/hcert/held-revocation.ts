import { type Finding, revocationFault, revoked } from '../credential-format.ts'
import type { HeldLists, RevocationHash } from '../held-lists.ts'
import { hashesOf } from './revocation-hashes.ts'

type Revocable = Parameters<typeof hashesOf>[1]

const passesFilter =
  'the credential may be on the revocation list of its issuer: it passes the filter that stands in for the list here, as few others do by chance; only the list itself can tell'

/** What the lists that the server holds say of a certificate; undefined when none of its participant is known. */
export function heldRevocation(revocable: Revocable, held: HeldLists): Finding[] | undefined {
  const lists = held.hashes()
  if (!lists) return undefined
  const names = (type: RevocationHash) =>
    hashesOf(type, revocable, lists.countries).some((hash) => lists.names(type, hash))
  if (lists.types.some(names)) return [revoked]
  const findings: Finding[] = lists.faults.map(revocationFault)
  const mayName = (type: RevocationHash) =>
    hashesOf(type, revocable, lists.countries).some((hash) => lists.mayName?.(type, hash) === true)
  if (lists.types.some(mayName)) findings.push({ ...revocationFault(passesFilter), blocks: true })
  const isById = lists.types.length > 0 && !lists.types.includes('SIGNATURE')
  if (isById && revocable.ids.length === 0)
    findings.push(
      revocationFault('the revocation list names certificates by an identifier, which this one does not have'),
    )
  return [...findings, ...lists.told.map((detail) => ({ ...revocationFault(detail), isNote: true as const }))]
}
