import type { ModelConversion, ModelInfo } from './model-info.ts'

/**
 * Bodies of the conversions that are more than reading `value`. `v` is never null in them; a FHIR quantity with a comparator is no
 * point and is refused rather than taken for one. Calendar words of FHIR durations are UCUM codes already.
 */
const bodies: Record<string, string> = {
  ToCode:
    'System.Code { code: v.code.value, system: v.system.value, version: v.version.value, display: v.display.value }',
  ToConcept: 'System.Concept { codes: v.coding C return all ToCode(C), display: v.text.value }',
  ToQuantity: `case
      when v.value is null then null
      when v.comparator is not null then
        Message(null, true, 'FHIRHelpers.ToQuantity.ComparatorQuantityNotSupported', 'Error', 'A FHIR Quantity with a comparator cannot be converted to a System.Quantity.')
      else System.Quantity { value: v.value.value, unit: if v.system is null or v.system.value = 'http://unitsofmeasure.org' then Coalesce(v.code.value, v.unit.value, '1') else Coalesce(v.unit.value, v.code.value, '1') }
    end`,
  ToRatio: 'System.Ratio { numerator: ToQuantity(v.numerator), denominator: ToQuantity(v.denominator) }',
  'ToInterval:Period': `if v."start".value is null and v."end".value is null then null
    else if v."start".value is null then Interval(v."start".value, v."end".value]
    else Interval[v."start".value, v."end".value]`,
  'ToInterval:Range': `if v.low is null and v.high is null then null
    else if v.low is null then Interval(ToQuantity(v.low), ToQuantity(v.high)]
    else if v.high is null then Interval[ToQuantity(v.low), ToQuantity(v.high))
    else Interval[ToQuantity(v.low), ToQuantity(v.high)]`,
}

/** Functions that published libraries call by name although no implicit conversion needs them. */
const additional = `
define function ToQuantityIgnoringComparator(v FHIR.Quantity):
  if v is null or v.value is null then null
  else System.Quantity { value: v.value.value, unit: Coalesce(v.code.value, v.unit.value, '1') }

define function ToInterval(v FHIR.Quantity):
  if v is null then null
  else case v.comparator.value
    when '<' then Interval[null, ToQuantityIgnoringComparator(v))
    when '<=' then Interval[null, ToQuantityIgnoringComparator(v)]
    when '>=' then Interval[ToQuantityIgnoringComparator(v), null]
    when '>' then Interval(ToQuantityIgnoringComparator(v), null]
    else Interval[ToQuantity(v), ToQuantity(v)]
  end
`

/**
 * The FHIRHelpers library (id `FHIRHelpers`, version of the model) written from the model info: one function for every implicit
 * conversion it names. Order matters to nothing but readability: the ones with a body of their own come first.
 */
export function generateFhirHelpers(model: ModelInfo): string {
  const own = model.conversions.filter((each) => bodyOf(each) !== undefined)
  const plain = model.conversions.filter((each) => bodyOf(each) === undefined)
  return [
    `library FHIRHelpers version '${model.version}'`,
    `using FHIR version '${model.version}'`,
    'context Patient',
    ...[...own, ...plain].map(writeFunction),
    additional,
  ].join('\n')
}

function bodyOf(conversion: ModelConversion): string | undefined {
  const name = localName(conversion.functionName)
  return bodies[name] ?? bodies[`${name}:${localName(conversion.fromType)}`]
}

function writeFunction(conversion: ModelConversion): string {
  const body = bodyOf(conversion) ?? 'v.value'
  const guarded = body === 'v.value' ? body : `if v is null then null else ${body}`
  return `define function ${localName(conversion.functionName)}(v ${quoteType(conversion.fromType)}): ${guarded}`
}

function localName(qualified: string): string {
  return qualified.slice(qualified.indexOf('.') + 1)
}

/** `FHIR.Account.Coverage` → `FHIR."Account.Coverage"`: a dot inside a type name must not look like a qualifier; `FHIR."time"` is a word of CQL. */
function quoteType(type: string): string {
  return `FHIR."${localName(type)}"`
}
