import { badRequest, FhirError, operationOutcome } from '../../fhir/error.ts'
import type { OperationBudget } from '../../fhir/operation.ts'
import type { Parameter, Parameters } from '../../fhir/types.ts'
import { isOf } from '../request/typed.ts'
import { VALUE_FORMS } from '../request/value.ts'

/** One validation of a batch as a request of its own. */
export interface BatchEntry {
  entry: Parameters
  /** It has resources that the others do not see. */
  bringsOwn: boolean
}

/** Parameters of which an entry that has one of the first takes none of the shared ones: they say what its own says. */
const ALTERNATIVES: { first: readonly string[]; others: readonly string[] }[] = [
  { first: VALUE_FORMS, others: [] },
  { first: ['coding', 'codeableConcept'], others: ['system', 'systemVersion', 'display'] },
  { first: ['url', 'valueSet', 'context', 'codeSystem'], others: ['valueSetVersion', 'version'] },
]

const replacedBy = (named: ReadonlySet<string>, { first, others }: (typeof ALTERNATIVES)[number]): string[] =>
  first.some((name) => named.has(name)) ? [...first, ...others] : []

/**
 * The single requests of a `$batch-validate-code`: each `validation` with the shared parameters it does not set itself.
 * 400 when there is none.
 */
export function batchEntries(parameters: Parameters): BatchEntry[] {
  const all = parameters.parameter ?? []
  const shared = all.filter((each) => each.name !== 'validation')
  const entries = all.filter((each) => each.name === 'validation').map(entryOf)
  if (entries.length === 0) throw badRequest('No validation to do: send at least one parameter validation', 'required')
  return entries.map((own) => {
    const named = new Set(own.map((each) => each.name))
    const replaced = new Set([...named, ...ALTERNATIVES.flatMap((names) => replacedBy(named, names))])
    const rest = shared.filter((each) => each.name === 'tx-resource' || !replaced.has(each.name))
    const bringsOwn = named.has('tx-resource') || named.has('codeSystem') || named.has('date')
    return { entry: { resourceType: 'Parameters', parameter: [...own, ...rest] }, bringsOwn }
  })
}

function entryOf(parameter: Parameter): Parameter[] {
  const { resource } = parameter
  const own = isOf('Parameters')(resource) ? resource.parameter : parameter.part
  // Nobody has looked at these but as elements of a resource: one without name says nothing.
  return (own ?? []).filter((each) => typeof each.name === 'string')
}

/** Answers of a batch in order; a request that cannot be served gets its own OperationOutcome. */
export async function answerBatch(
  entries: BatchEntry[],
  answer: (entry: BatchEntry) => Promise<Parameters>,
  budget: OperationBudget | undefined,
): Promise<Parameters> {
  const parameter: Parameter[] = []
  for (const entry of entries) {
    try {
      parameter.push({
        name: 'validation',
        resource: await (budget ? budget.runAsync(() => answer(entry)) : answer(entry)),
      })
    } catch (error) {
      if (!(error instanceof FhirError)) throw error
      parameter.push({ name: 'validation', resource: operationOutcome(error.issues) })
    }
  }
  return { resourceType: 'Parameters', parameter }
}
