/** Bindings: what is found on the way is asked of the terminology afterwards, value set by value set. */
import { isJsonObject, objectsIn } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { FhirError } from '../error.ts'
import type { Binding } from './base-definitions.ts'
import type { Report } from './report.ts'
import { type Ask, expressionOf, type Steps, type Walk } from './walk.ts'

/** Whether a code is in a value set. Without a system any system of the set counts. @throws FhirError where that cannot be told */
export type CodeTest = (code: string, system?: string) => boolean

/** Puts the codes of a value on the list of what is to be asked. */
export function askFor(walk: Walk, binding: Binding, value: unknown, by: string): void {
  const found = codesOf(value)
  if (walk.isSilent || !found) return
  walk.asks.push({ binding, ...found, expression: expressionOf(walk), by })
}

/** The codes of a code, Coding, CodeableConcept, Quantity or text; undefined for what has none by its type. */
export function codesOf(value: unknown): Pick<Ask, 'codes' | 'isWords' | 'isBare'> | undefined {
  if (typeof value === 'string') return { codes: [{ code: value }], isWords: false, isBare: true }
  if (!isJsonObject(value)) return undefined
  const codes = (Array.isArray(value.coding) ? objectsIn(value.coding) : [value]).flatMap(codeOf)
  return { codes, isWords: codes.length === 0, isBare: false }
}

function codeOf({ system, code }: JsonObject): Ask['codes'] {
  if (typeof code !== 'string') return []
  return [{ code, ...(typeof system === 'string' ? { system } : {}) }]
}

/**
 * Judges what was asked about one value set.
 * @param test its codes, or why they are not known
 */
export function* judgeAsks(asks: readonly Ask[], test: CodeTest | FhirError, report: Report): Steps {
  let count = 0
  for (const ask of asks) {
    judgeAsk(ask, test, report)
    if (++count % 50 === 0) yield
  }
}

function judgeAsk(ask: Ask, test: CodeTest | FhirError, report: Report): void {
  const { binding, codes, isWords, expression, by } = ask
  const { strength, valueSet } = binding
  const severity = strength === 'required' ? 'error' : 'warning'
  const source = by === '' ? '' : ` (${by})`
  const say = (code: 'code-invalid' | 'not-found' | 'transient', text: string) =>
    report.add(code, { severity, text: `${text}${source}`, expression })
  if (isWords) {
    // In words alone: allowed where no code of the set applies, which nobody can tell.
    if (strength === 'required') say('code-invalid', `A code of ${valueSet} is required here`)
    return
  }
  if (test instanceof FhirError) {
    const isComing = test.status >= 500
    const why = isComing ? 'it is still being loaded' : test.message
    say(isComing ? 'transient' : 'not-found', `Whether ${shown(codes)} is in ${valueSet} is not known: ${why}`)
    return
  }
  try {
    if (codes.some(({ code, system }) => isMember(ask, test, code, system))) return
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    say('not-found', `Whether ${shown(codes)} is in ${valueSet} is not known: ${error.message}`)
    return
  }
  const must = strength === 'required' ? 'is required' : 'is due, unless none of them fits'
  say('code-invalid', `${shown(codes)} is not in ${valueSet}, of which a code ${must}`)
}

/** A code stands for itself where the type is code; elsewhere nobody knows what a code without system means. */
const isMember = ({ isBare }: Ask, test: CodeTest, code: string, system: string | undefined) =>
  system === undefined ? isBare && test(code) : test(code, system)

/** A code is what terminology shows; what is none is personal text at worst, and cut. */
function shown(codes: Ask['codes']): string {
  const texts = codes
    .slice(0, 3)
    .map(({ system, code }) => `${system === undefined ? '' : `${system}#`}${code}`.slice(0, 120))
  return `${texts.join(', ')}${codes.length > 3 ? ' …' : ''}`
}
