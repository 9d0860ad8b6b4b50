/**
 * Date arithmetic of the FHIRPath engine without the machine's time zone. The engine answers `@…+02:00 + 1 day` in the
 * zone of the machine it runs on and warns on the console with the values (personal data); here the sum keeps the zone
 * of its operand, is counted on that zone's calendar, and says nothing.
 */
import fhirpath from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4'

interface EngineQuantity {
  unit: string
  value: { truncate(): unknown }
}

interface EngineDateTime {
  ctx: unknown
  asStr: string
  constructor: new (context: unknown, text: string) => EngineDateTime
  plus(quantity: EngineQuantity): EngineDateTime
}

const FRACTIONAL_UNITS = new Set(['second', 'seconds', "'s'", 'millisecond', 'milliseconds', "'ms'"])

/** Corrects the engine's `+` and `-` on dates and times; once, when the engine is loaded. */
export function keepZones(): void {
  const [sample] = fhirpath.compile('@2000-01-01T00:00:00Z', r4, { resolveInternalTypes: false })({})
  for (let each = sample; each; each = Object.getPrototypeOf(each)) {
    if (!Object.hasOwn(each, 'plus')) continue
    each.plus = zoned(each.plus)
    return
  }
  throw new Error('the fhirpath package has changed: dates have no plus()')
}

function zoned(plus: EngineDateTime['plus']): EngineDateTime['plus'] {
  return function (this: EngineDateTime, quantity) {
    const whole = FRACTIONAL_UNITS.has(quantity.unit) ? quantity : truncated(quantity)
    const zone = /T.*?(Z|[+-]\d\d:\d\d)?$/.exec(this.asStr)
    if (!zone) return plus.call(this, whole)
    const suffix = zone[1] ?? ''
    const wall = new this.constructor(this.ctx, this.asStr.slice(0, this.asStr.length - suffix.length))
    const sum = plus.call(wall, whole).asStr.replace(/(T.*?)(Z|[+-]\d\d:\d\d)$/, '$1')
    return new this.constructor(this.ctx, sum + suffix)
  }
}

function truncated(quantity: EngineQuantity): EngineQuantity {
  const copy = Object.assign(Object.create(Object.getPrototypeOf(quantity)), quantity)
  copy.value = quantity.value.truncate()
  return copy
}
