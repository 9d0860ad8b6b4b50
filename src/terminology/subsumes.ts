import { badRequest, FhirError } from '../fhir/error.ts'
import { firstParameter, textParameter } from '../fhir/operation.ts'
import type { Parameters } from '../fhir/types.ts'
import { systemIdentity } from './aliases.ts'
import type { CodeSystemProvider, Ref } from './code-system.ts'
import { requestedSystem } from './lookup.ts'
import { txIssue } from './messages.ts'
import type { Request } from './request.ts'

/** `CodeSystem/$subsumes`: equivalent, subsumes, subsumed-by or not-subsumed; 404 for an unknown system or code. */
export function subsumption(request: Request): Parameters {
  const { parameters } = request
  const codingA = firstParameter(parameters, 'codingA')?.valueCoding
  const codingB = firstParameter(parameters, 'codingB')?.valueCoding
  const codeA = codingA?.code ?? textParameter(parameters, 'codeA')
  const codeB = codingB?.code ?? textParameter(parameters, 'codeB')
  const system =
    codingA?.system ?? codingB?.system ?? textParameter(parameters, 'system') ?? textParameter(parameters, 'url')
  if (!codeA || !codeB || !system) throw badRequest('Send codeA, codeB and system, or codingA and codingB', 'required')
  if (codingA?.system && codingB?.system && systemIdentity(codingA.system) !== systemIdentity(codingB.system)) {
    throw badRequest('codingA and codingB must be of the same code system')
  }
  const provider = requestedSystem(request, system, codingA?.version ?? textParameter(parameters, 'version'))
  const a = located(provider, codeA, 'codeA')
  const b = located(provider, codeB, 'codeB')
  return { resourceType: 'Parameters', parameter: [{ name: 'outcome', valueCode: outcome(provider, a, b) }] }
}

function located(provider: CodeSystemProvider, code: string, expression: string): Ref {
  const ref = provider.locate(code)
  if (ref !== undefined) return ref
  const { url, version } = provider.head
  throw new FhirError(404, txIssue('Unknown_Code_in_Version', [code, url, version ?? ''], { expression }))
}

function outcome(provider: CodeSystemProvider, a: Ref, b: Ref): string {
  if (a === b) return 'equivalent'
  if (provider.subsumes(a, b)) return 'subsumes'
  return provider.subsumes(b, a) ? 'subsumed-by' : 'not-subsumed'
}
