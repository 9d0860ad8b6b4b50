/** A validation rule (technical specification "EU DCC validation rules", annex 1), before it is given to a gateway. */
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { unknownMember } from '../../base/nearest.ts'

/** What a member must be. */
interface Member {
  isFine(value: Json): boolean
  wanted: string
  isOptional?: boolean
}

const matches = (pattern: RegExp, wanted: string): Member => ({
  isFine: (value) => typeof value === 'string' && pattern.test(value),
  wanted,
})
const oneOf = (...choices: string[]): Member => ({
  isFine: (value) => typeof value === 'string' && choices.includes(value),
  wanted: `one of ${choices.join(', ')}`,
})
const version = matches(/^\d+\.\d+\.\d+$/, 'a version like 1.0.0')
const instant = matches(
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/,
  'an instant with seconds and time zone',
)

const members: Record<string, Member> = {
  Identifier: matches(/^(?:GR|VR|TR|RR|IR)-[A-Z]{2}-\d{4}$/, 'like VR-XA-0001'),
  Type: oneOf('Acceptance', 'Invalidation'),
  Country: matches(/^[A-Z]{2}$/, 'two capital letters'),
  Region: { ...matches(/^.{1,5}$/, 'a text of up to 5 characters'), isOptional: true },
  Version: version,
  SchemaVersion: version,
  Engine: matches(/^[A-Z]{2,}$/, 'a name in capitals, e.g. CERTLOGIC'),
  EngineVersion: version,
  CertificateType: oneOf('General', 'Test', 'Vaccination', 'Recovery'),
  Description: { isFine: isDescription, wanted: 'a list of {"lang", "desc"} with one in `en`' },
  ValidFrom: instant,
  ValidTo: instant,
  AffectedFields: {
    isFine: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== ''),
    wanted: 'a list of paths',
  },
  Logic: { isFine: (value) => isJsonObject(value) && Object.keys(value).length > 0, wanted: 'an object' },
}

function isDescription(value: Json): boolean {
  if (!Array.isArray(value)) return false
  const isOne = (each: Json) =>
    isJsonObject(each) &&
    typeof each.lang === 'string' &&
    /^[a-z]{2}(?:-[A-Za-z0-9]{2,8})*$/.test(each.lang) &&
    typeof each.desc === 'string' &&
    each.desc.length > 0
  return value.every(isOne) && value.some((each) => isJsonObject(each) && each.lang === 'en')
}

/** First two letters of the identifier, by kind of certificate; those of invalidation rules are IR. */
const prefixes: Record<string, string> = { General: 'GR', Vaccination: 'VR', Test: 'TR', Recovery: 'RR' }

/** What is wrong with a rule: one line each. */
export function ruleProblems(rule: JsonObject, country: string): string[] {
  const problems = Object.keys(rule)
    .filter((name) => !Object.hasOwn(members, name))
    .map((name) => unknownMember(name, Object.keys(members)))
  for (const [name, { isFine, wanted, isOptional }] of Object.entries(members)) {
    const value = rule[name]
    if (value === undefined) {
      if (!isOptional) problems.push(`${name} is missing`)
    } else if (!isFine(value)) problems.push(`${name} must be ${wanted}`)
  }
  if (problems.length > 0) return problems
  const [prefix = '', identified = ''] = String(rule.Identifier).split('-')
  const expected = rule.Type === 'Invalidation' ? 'IR' : prefixes[String(rule.CertificateType)]
  if (rule.Country !== country) problems.push(`Country is not ${country}, that of the certificates`)
  if (identified !== rule.Country) problems.push('Identifier names another country than Country')
  if (prefix !== expected)
    problems.push(`Identifier must begin with ${expected} for ${rule.Type} and ${rule.CertificateType}`)
  if (new Date(String(rule.ValidTo)) <= new Date(String(rule.ValidFrom)))
    problems.push('ValidTo is not after ValidFrom')
  return problems
}
