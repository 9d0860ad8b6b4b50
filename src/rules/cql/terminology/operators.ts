import { Code } from 'cql-execution'
import { addOperator, type Evaluation } from '../corrections/operators.ts'
import type { BoundCodeService } from '../run/code-service.ts'
import { OperatorError } from '../run/run-errors.ts'

/** What a target says of the code (https://hl7.org/fhir/R4/valueset-concept-map-equivalence.html): as much as it, or less. */
const saying = new Set(['equal', 'equivalent', 'wider', 'subsumes'])

/** That there is no such target. */
const denying = new Set(['unmatched', 'disjoint'])

/** Adds the operators behind the functions of the library VidimusTerminology. */
export function addTerminologyOperators(): void {
  const translate =
    (isWanted: (equivalence: string) => boolean) =>
    async ({ args: [code, map], context }: Evaluation) => {
      const asked = codeOf(code)
      if (asked === undefined || typeof map !== 'string') return null
      const found = await serviceOf(context).translate(asked, map)
      return found
        .filter(({ equivalence }) => isWanted(equivalence))
        .map(({ code: target, system, display }) => new Code(target, system, undefined, display))
    }
  addOperator(
    'TranslateCode',
    translate((equivalence) => saying.has(equivalence)),
  )
  addOperator(
    'RelatedCodes',
    translate((equivalence) => !denying.has(equivalence)),
  )
  addOperator('PropertyOfCode', async ({ args: [code, property], context }) => {
    const asked = codeOf(code)
    if (asked === undefined || typeof property !== 'string') return null
    return serviceOf(context).properties(asked, property)
  })
}

/** A code with its system: without one it is no code of any map. */
function codeOf(value: unknown): { code: string; system: string; version?: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const [code, system, version]: unknown[] = ['code', 'system', 'version'].map((each) => Reflect.get(value, each))
  if (typeof code !== 'string' || typeof system !== 'string') return undefined
  return { code, system, ...(typeof version === 'string' && { version }) }
}

/** What the request's terminology is asked through; the executor hands it on in its context. */
function serviceOf(context: unknown): Pick<BoundCodeService, 'translate' | 'properties'> {
  const service: unknown =
    typeof context === 'object' && context !== null ? Reflect.get(context, 'codeService') : undefined
  if (!isService(service)) throw new OperatorError('no terminology is here to ask')
  return service
}

const isService = (value: unknown): value is BoundCodeService =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'translate') === 'function'
