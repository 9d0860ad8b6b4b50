/**
 * Date arithmetic of the FHIRPath engine without the machine's time zone. The engine answers `@…+02:00 + 1 day` in the
 * zone of the machine it runs on and warns on the console with the values (personal data); here the sum keeps the zone
 * of its operand, is counted on that zone's calendar, and says nothing.
 */
import fhirpath from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4'
import { ENGINE_OPTIONS } from './engine-options.ts'

interface EngineQuantity {
  unit: string
  value: { truncate(): unknown }
}

interface EngineDateTime {
  ctx: { vars?: Record<string | symbol, unknown> } | undefined
  asStr: string
  constructor: new (context: unknown, text: string) => EngineDateTime
  plus(quantity: EngineQuantity): EngineDateTime
}

const FRACTIONAL_UNITS = new Set(['second', 'seconds', "'s'", 'millisecond', 'milliseconds', "'ms'"])

/** Key in the engine's environment under which `true` drops fractions of a second from what is added to a date or time, too. */
export const WHOLE_UNITS = Symbol('whole units')

/** Corrects the engine's `+` and `-` on dates and times; once, when the engine is loaded. */
export function keepZones(): void {
  const [sample] = fhirpath.compile('@2000-01-01T00:00:00Z', r4, ENGINE_OPTIONS)({})
  for (let each = sample; each; each = Object.getPrototypeOf(each)) {
    if (!Object.hasOwn(each, 'plus')) continue
    each.plus = zoned(each.plus, sample.constructor)
    return
  }
  throw new Error('the fhirpath package has changed: dates have no plus()')
}

function zoned(plus: EngineDateTime['plus'], DateTime: EngineDateTime['constructor']): EngineDateTime['plus'] {
  return function (this: EngineDateTime, quantity) {
    const isFractional = FRACTIONAL_UNITS.has(quantity.unit) && this.ctx?.vars?.[WHOLE_UNITS] !== true
    const whole = isFractional ? quantity : truncated(quantity)
    const zone = /T.*?(Z|[+-]\d\d:\d\d)?$/.exec(this.asStr)
    if (!zone) return plus.call(this, whole)
    const suffix = zone[1] ?? ''
    // An instant has no form without a zone; what is calculated from one is a date-time.
    const Local = this.asStr.includes('T') && !this.asStr.startsWith('T') ? DateTime : this.constructor
    const local = this.asStr.slice(0, this.asStr.length - suffix.length)
    const wall = new Local(this.ctx, local.replace(/\.\d+$/, inMilliseconds))
    const sum = plus.call(wall, whole).asStr.replace(/(T.*?)(Z|[+-]\d\d:\d\d)$/, '$1')
    return new Local(this.ctx, withFraction(sum, wall.asStr) + suffix)
  }
}

/** The engine takes `.5` for five milliseconds. */
const inMilliseconds = (fraction: string) => fraction.slice(0, 4).padEnd(4, '0')

/** The engine drops a fraction that is zero; the sum is as precise as what was added to. */
function withFraction(sum: string, operand: string): string {
  return operand.includes('.') && !sum.includes('.') ? `${sum}.000` : sum
}

function truncated(quantity: EngineQuantity): EngineQuantity {
  const copy = Object.assign(Object.create(Object.getPrototypeOf(quantity)), quantity)
  copy.value = quantity.value.truncate()
  return copy
}
