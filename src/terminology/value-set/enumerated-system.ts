import { keepPerObject } from '../../base/keep.ts'
import type { CodeSystem, CodeSystemConcept } from '../../fhir/types.ts'
import type { CodeSystemProvider, Ref } from '../code-system/code-system.ts'
import { indexCodeSystem } from '../code-system/concept-index.ts'
import type { Clause } from './clause.ts'

/** A system that nobody knows: what completes it is nothing. */
const UNKNOWN = {}

const systemOfClause = keepPerObject((clause: Clause) =>
  keepPerObject((fragment: CodeSystemProvider | typeof UNKNOWN): CodeSystemProvider => {
    const known = 'head' in fragment ? fragment : undefined
    const codes = [...(clause.concepts?.keys() ?? [])]
    if (known && codes.every((code) => known.locate(code) !== undefined)) return known
    const made = indexCodeSystem(enumeration(clause, known))
    return known ? { ...made, head: known.head } : made
  }),
)

/** A system made of a clause's enumeration, completed by what a fragment knows of it. */
export const enumeratedSystem = (clause: Clause, fragment: CodeSystemProvider | undefined): CodeSystemProvider =>
  systemOfClause(clause)(fragment ?? UNKNOWN)

/** What a clause enumerates as a code system; concepts that the fragment has are as it has them. */
function enumeration(clause: Clause, fragment: CodeSystemProvider | undefined): CodeSystem {
  const concept = [...(clause.concepts ?? [])].map(([code, { display }]): CodeSystemConcept => {
    const ref = fragment?.locate(code)
    return fragment && ref !== undefined ? conceptOf(fragment, ref, display) : { code, ...(display && { display }) }
  })
  const version = fragment?.head.version ?? clause.version
  const property = [...(fragment?.head.properties ?? [])].map(([code, { uri, type }]) => ({
    code,
    ...(uri && { uri }),
    type,
  }))
  return {
    resourceType: 'CodeSystem',
    status: 'active',
    content: 'fragment',
    url: clause.system ?? '',
    ...(version && { version }),
    // Of a system that nobody knows the codes are those that the set lists, letter by letter.
    ...(!fragment?.head.caseUnstated && { caseSensitive: fragment?.head.caseSensitive ?? true }),
    property: property as NonNullable<CodeSystem['property']>,
    concept,
  }
}

/** A concept of a provider in the form of the resource. */
function conceptOf(provider: CodeSystemProvider, ref: Ref, otherwise: string | undefined): CodeSystemConcept {
  const display = provider.display(ref) ?? otherwise
  const definition = provider.definition(ref)
  return {
    code: provider.code(ref),
    ...(display !== undefined && { display }),
    ...(definition !== undefined && { definition }),
    designation: provider.designations(ref).map(({ source, ...each }) => each),
    property: provider.properties(ref).map(({ code, member, value }) => ({ code, [member]: value })),
    extension: provider.extensions(ref),
  }
}
