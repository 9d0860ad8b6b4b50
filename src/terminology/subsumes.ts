import { parseCanonical } from '../fhir/canonical.ts'
import { badRequest, FhirError } from '../fhir/error.ts'
import { firstParameter, textParameter } from '../fhir/operation.ts'
import type { Coding, Parameters } from '../fhir/types.ts'
import type { CodeSystemProvider, Ref } from './code-system/code-system.ts'
import { explanationOf, unknownCodeIssues } from './code-system/other-editions.ts'
import { requestedSystem } from './lookup.ts'
import { agreed } from './request/agreement.ts'
import { systemIdentity } from './request/aliases.ts'
import { type Request, resourceParameter } from './request/request.ts'
import type { Scope } from './request/scope.ts'
import { requireOneQuestion } from './request/value.ts'
import type { Work } from './request/work.ts'

/**
 * `CodeSystem/$subsumes` (https://hl7.org/fhir/R4/codesystem-operation-subsumes.html): equivalent, subsumes, subsumed-by or
 * not-subsumed. At instance level `codeSystem` is the code system in question. 404 for an unknown system, version or code.
 */
export function* subsumption(request: Request): Work<Parameters> {
  const { parameters } = request
  requireOneQuestion(parameters, ['codeA', 'codingA'])
  requireOneQuestion(parameters, ['codeB', 'codingB'])
  const codingA = firstParameter(parameters, 'codingA')?.valueCoding
  const codingB = firstParameter(parameters, 'codingB')?.valueCoding
  const codeA = codingA?.code ?? textParameter(parameters, 'codeA')
  const codeB = codingB?.code ?? textParameter(parameters, 'codeB')
  const { system, version } = systemInQuestion(parameters, [codingA, codingB])
  if (!codeA || !codeB || !system) throw badRequest('Send codeA, codeB and system, or codingA and codingB', 'required')
  const provider = yield* requestedSystem(request, system, version)
  const a = located(provider, { code: codeA, expression: 'codeA' }, request.scope)
  const b = located(provider, { code: codeB, expression: 'codeB' }, request.scope)
  return { resourceType: 'Parameters', parameter: [{ name: 'outcome', valueCode: outcome(provider, a, b) }] }
}

/** The one system, and the one version of it, that everything in the request names; 400 where it names several. */
function systemInQuestion(parameters: Parameters, codings: (Coding | undefined)[]) {
  const own = resourceParameter(parameters, 'codeSystem', 'CodeSystem')
  const named = textParameter(parameters, 'system') ?? textParameter(parameters, 'url')
  const canonical = named ? parseCanonical(named) : undefined
  const beside = textParameter(parameters, 'version') ?? canonical?.version
  // Most name it once.
  if (!own && codings.every((each) => each === undefined))
    return { system: canonical?.url || undefined, version: beside || undefined }
  const partsOf = (part: 'system' | 'version') =>
    codings.map((each, index) => ({ at: `coding${index === 0 ? 'A' : 'B'}.${part}`, says: each?.[part] }))
  const system = agreed(
    'code system',
    [{ at: 'codeSystem', says: own?.url }, { at: 'system', says: canonical?.url }, ...partsOf('system')],
    systemIdentity,
  )
  const version = agreed('version of the code system', [
    { at: 'codeSystem', says: own?.version },
    { at: 'version', says: beside },
    ...partsOf('version'),
  ])
  // An instance without version is meant itself, whatever versions of its system there are.
  return { system, version: version ?? (own && '') }
}

function located(
  provider: CodeSystemProvider,
  { code, expression }: { code: string; expression: string },
  scope: Scope,
): Ref {
  const ref = provider.locate(code)
  if (ref !== undefined) return ref
  const { url } = provider.head
  const issues = unknownCodeIssues(provider, { code, system: url, expression }, scope.systemsHere(url))
  throw new FhirError(404, [...issues, ...explanationOf(provider, { code, expression })])
}

function outcome(provider: CodeSystemProvider, a: Ref, b: Ref): string {
  if (a === b) return 'equivalent'
  const isBelow = provider.subsumes(a, b)
  const isAbove = provider.subsumes(b, a)
  // Two ways of writing one thing, e.g. with the parts in another order.
  if (isBelow && isAbove) return 'equivalent'
  if (isBelow) return 'subsumes'
  return isAbove ? 'subsumed-by' : 'not-subsumed'
}
