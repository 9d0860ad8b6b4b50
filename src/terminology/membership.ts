import { parseCanonical } from '../fhir/canonical.ts'
import { FhirError, unprocessable } from '../fhir/error.ts'
import { systemIdentity } from './request/aliases.ts'
import type { Artefacts } from './request/artefacts.ts'
import { txError } from './request/messages.ts'
import { createScope, type Scope, valueSetOf } from './request/scope.ts'
import type { Admit } from './request/usable.ts'
import { loaded, perform, type Work } from './request/work.ts'
import { type CompiledSet, contentOf } from './value-set/clause.ts'
import { compileValueSet } from './value-set/compile.ts'
import { contains } from './value-set/contains.ts'
import { noDecisions, type ValueSetQuery } from './value-set/query.ts'

/** A value set to ask for codes. */
export interface Membership {
  (code: string, system?: string): boolean
  /** Systems that the set draws from. */
  systems: string[]
  /** `url|version` of the set. */
  canonical: string
}

/** Reads a value set and everything it names; afterwards it is asked synchronously. See {@link Terminology.membership}. */
export async function membership(canonical: string, artefacts: Artefacts, admit: Admit): Promise<Membership> {
  artefacts.refresh()
  const scope = createScope(artefacts, [])
  const set = await perform(scope, compileNamed(canonical, scope, admit))
  const query: ValueSetQuery = { scope, systemRules: new Map(), decided: noDecisions(), pass: () => false }
  const identities = [...new Set(contentOf(set).clauses.flatMap(({ identity }) => identity ?? []))]
  const test = (code: string, system?: string) => {
    if (system !== undefined) return contains(set, { identity: systemIdentity(system), code }, query)
    return identities.some((identity) => contains(set, { identity, code }, query))
  }
  try {
    // One question per system resolves every clause: what is unknown shows now, not in the middle of a rule.
    for (const identity of identities) contains(set, { identity, code: '' }, query)
  } catch (error) {
    // 503 stays: what may still come is not unknown.
    if (error instanceof FhirError && error.status < 500) throw new FhirError(422, error.issues)
    throw error
  }
  return Object.assign(test, { systems: identities, canonical: set.canonical })
}

function* compileNamed(canonical: string, scope: Scope, admit: Admit): Work<CompiledSet> {
  yield* loaded(scope, [{ type: 'ValueSet', url: parseCanonical(canonical).url }])
  const definition = valueSetOf(scope, canonical)
  if (!definition) throw txError('Unable_to_resolve_value_Set_', [canonical], 422)
  admit(canonical, definition)
  const set = yield* compileValueSet(definition, { scope, valueSetRules: new Map(), supplements: [], admit })
  // No answer can be had of a set that names nothing; an expansion may be empty.
  if (set.includes.length === 0 && (definition.compose || !definition.expansion))
    throw unprocessable(`The value set '${canonical}' cannot be expanded: it includes nothing`)
  return set
}
