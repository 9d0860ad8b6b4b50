// The UCUM codes come from the UCUM specification (https://ucum.org), © Regenstrief Institute and the UCUM Organization.
import ucumPackage, { type UcumParser } from '@lhncbc/ucum-lhc'
import { keep } from '../../../base/keep.ts'
import type { ValueSet } from '../../../fhir/types.ts'
import { PREFERRED } from '../designations.ts'
import { filteredSelection } from '../selection.ts'
import { grammarProvider } from './grammar-provider.ts'
import type { ImplicitSystem } from './implicit-system.ts'
import { isExpression, unitFault, unitInWords } from './ucum-structure.ts'

const URL = 'http://unitsofmeasure.org'
const SYNONYM = { system: 'http://snomed.info/sct', code: '900000000000013009' }
const CACHED = 10_000

const COMMON = [
  '%',
  '1',
  '10*3/uL',
  '10*6/uL',
  '10*9/L',
  '[IU]',
  '[IU]/L',
  '[degF]',
  '[in_i]',
  '[lb_av]',
  'Cel',
  'L',
  'a',
  'cm',
  'd',
  'dL',
  'fL',
  'g',
  'g/L',
  'g/dL',
  'h',
  'kPa',
  'kg',
  'kg/m2',
  'm',
  'mL',
  'mg',
  'mg/dL',
  'min',
  'mm',
  'mm[Hg]',
  'mmol/L',
  'mo',
  'ng/mL',
  'pg',
  's',
  'ug',
  'umol/L',
  'wk',
  '{score}',
]

/** `http://unitsofmeasure.org`: units by the grammar of UCUM; the filter `canonical` compares dimensions. */
export const units: ImplicitSystem = {
  url: URL,
  version: '2.2',
  listedIn: 'http://hl7.org/fhir/ValueSet/ucum-common',
  make: (listed) => {
    const parser = ucumPackage.UcumLhcUtils.getInstance()
    const known = keep<string, string | undefined>(CACHED)
    const nameOf = (code: string): string | undefined => known.of(code, () => readUnit(parser, code))
    const isUnit = (code: string) => nameOf(code) !== undefined
    const common = displaysOf(listed?.definition)
    const codes = listed ?? { codes: COMMON, canonical: 'common units' }
    const provider = grammarProvider({
      url: URL,
      name: 'UCUM',
      version: '2.2',
      language: 'en',
      caseSensitive: true,
      normalize: (code) => (isUnit(code) ? code : undefined),
      display: (code) => code,
      designations: (code) => {
        const words = unitInWords(code, nameOf)
        const synonym = common.get(code) ?? (isSimple(code) ? nameOf(code) : undefined)
        return [
          ...(words ? [{ language: 'en', use: PREFERRED, value: words }] : []),
          ...(synonym && synonym !== code ? [{ language: 'en', use: SYNONYM, value: synonym }] : []),
        ]
      },
      propertyCodes: ['canonical'],
      properties: (code) => [{ code: 'canonical', value: canonicalUnit(parser, code) ?? '' }],
      listed: codes,
    })
    return {
      ...provider,
      explain: (code) => unitFault(code, isUnit),
      explainFilter: (ref, { property, op, value }) => {
        if (property !== 'canonical' || op !== '=' || value === undefined) return undefined
        const [form, wanted] = [String(ref), value].map((each) => canonicalUnit(parser, each))
        if (!form || !wanted || form === wanted) return undefined
        return `Code ${ref} has canonical form ${form}, not ${wanted} as required`
      },
      filter: (property, op, value) => {
        if (property !== 'canonical' || op !== '=') return undefined
        const wanted = canonicalUnit(parser, value)
        return filteredSelection(
          provider.all,
          (ref) => wanted !== undefined && canonicalUnit(parser, String(ref)) === wanted,
        )
      },
    }
  },
}

/** One unit symbol, without operator, exponent or annotation. */
const isSimple = (code: string) => !/[./{(]|[a-z\]]\d/i.test(code.replace(/\[[^[\]]*\]/g, '[]'))

/** Displays that a set of common units gives to their codes. */
function displaysOf(set: ValueSet | undefined): Map<string, string> {
  const concepts = (set?.compose?.include ?? []).flatMap((each) => (each.system === URL ? (each.concept ?? []) : []))
  return new Map(concepts.flatMap(({ code, display }) => (display ? [[code, display] as const] : [])))
}

/** Name of a unit; empty when it has none, undefined when it is no unit. Annotations may hold blanks. */
function readUnit(parser: UcumParser, code: string): string | undefined {
  if (code === '' || code.length > 200) return undefined
  const plain = withoutBlanks(code)
  // The parser writes what it cannot read to standard output.
  if (!isExpression(plain)) return undefined
  const { status, ucumCode, unit } = parser.validateUnitString(plain, false)
  if (status !== 'valid' || ucumCode !== plain) return undefined
  // The parser tells `second - time` from the angle; UCUM does not.
  return String(unit?.name ?? '').replace(/ - [a-z ]+$/, '')
}

const withoutBlanks = (code: string) => code.replace(/\{[^{}]*\}/g, (annotation) => annotation.replace(/ /g, '_'))

/** Base units with exponents, e.g. `g.m-3`; `1` for a number. */
function canonicalUnit(parser: UcumParser, code: string): string | undefined {
  const plain = withoutBlanks(code)
  if (!isExpression(plain)) return undefined
  const { status, unitToExp } = parser.convertToBaseUnits(plain, 1)
  if (status !== 'succeeded' || !unitToExp) return undefined
  const parts = Object.entries(unitToExp).filter(([, exponent]) => exponent !== 0)
  parts.sort(([a], [b]) => (a < b ? -1 : 1))
  return parts.map(([unit, exponent]) => (exponent === 1 ? unit : `${unit}${exponent}`)).join('.') || '1'
}
