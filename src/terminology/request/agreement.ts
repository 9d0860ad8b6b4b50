/** What several parameters of one request say of the same thing: they agree, or the request is refused; none is picked in silence. */
import { artefactCanonical, artefactName } from '../../fhir/artefact.ts'
import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import { badRequest } from '../../fhir/error.ts'
import { parameterValue } from '../../fhir/operation.ts'
import type { Parameter, Parameters, Resource } from '../../fhir/types.ts'
import { matchesVersion } from './versions.ts'

/** One statement: where it stands, and what it says; one that is absent or empty says nothing. */
export interface Statement {
  /** Parameter, or FHIRPath of the part of it, e.g. `coding.system`. */
  at: string
  says: string | undefined
}

/**
 * What all of them say; undefined when none says anything.
 * @param identity what is compared
 * @throws FhirError 400 naming the first two that differ
 */
export function agreed(
  what: string,
  statements: readonly Statement[],
  identity: (text: string) => string = (text) => text,
): string | undefined {
  let first: Statement | undefined
  for (const each of statements) {
    if (!each.says) continue
    if (first?.says === undefined) first = each
    else if (identity(each.says) !== identity(first.says)) throw contradiction(what, first, each)
  }
  return first?.says
}

function contradiction(what: string, one: Statement, other: Statement) {
  const text = `The request names more than one ${what}: '${one.says}' (${one.at}) and '${other.says}' (${other.at}). Send one of them`
  return badRequest({ text, expression: other.at })
}

/** How a request names an artefact that it brings along. */
interface NamedBeside {
  url: string | undefined
  version: string | undefined
  /** Name of the parameter for the version. */
  versionName: string
}

/**
 * An artefact that a request brings along, or that stands at the address of the call, may be named once more, and nothing else.
 * @throws FhirError 400 when `url` or the version name another one
 */
export function requireSameArtefact(brought: Resource, { url, version, versionName }: NamedBeside): void {
  const own = artefactCanonical(brought)
  const named = url === undefined ? undefined : parseCanonical(url)
  if (named && named.url !== own?.url) throw otherArtefact(brought, url ?? '', 'url')
  for (const wanted of [named?.version, version]) {
    if (wanted === undefined || matchesVersion(wanted, own?.version)) continue
    throw otherArtefact(brought, formatCanonical(own?.url, wanted), wanted === version ? versionName : 'url')
  }
}

function otherArtefact(brought: Resource, named: string, expression: string) {
  const text = `The request brings the ${brought.resourceType} ${artefactName(brought)} and names '${named}' (${expression}). Send one of them`
  return badRequest({ text, expression })
}

/** Parameters that say one thing: repeated with another value they contradict themselves. */
const SINGLE = new Set([
  'url',
  'valueSetVersion',
  'context',
  'system',
  'systemVersion',
  'version',
  'code',
  'display',
  'filter',
  'count',
  'offset',
  'date',
  'conceptMapVersion',
  'source',
  'target',
  'targetsystem',
  'reverse',
  'codeA',
  'codeB',
  'abstract',
  'activeOnly',
  'inferSystem',
  'thisUrl',
  'otherUrl',
])

/** @throws FhirError 400 when a parameter that may occur once occurs with two values */
export function requireSingle({ parameter = [] }: Parameters): void {
  if (!repeatsName(parameter)) return
  const said = new Map<string, unknown>()
  for (const each of parameter) {
    const { name } = each
    if (!SINGLE.has(name)) continue
    const value = parameterValue(each)
    const earlier = said.get(name)
    if (earlier !== undefined && String(earlier) !== String(value))
      throw badRequest({ text: `${name} is sent twice: '${earlier}' and '${String(value)}'`, expression: name })
    said.set(name, value)
  }
}

/** So many names are compared with each other; of more some are taken to repeat. */
const COMPARED = 8

/** Whether a name may stand twice: most requests have a handful, which takes no table. */
function repeatsName(parameter: Parameter[]): boolean {
  if (parameter.length > COMPARED) return true
  for (let i = 1; i < parameter.length; i++)
    for (let j = 0; j < i; j++) if (parameter[i]?.name === parameter[j]?.name) return true
  return false
}
