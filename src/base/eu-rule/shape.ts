/** The form of a validation rule (technical specification "EU DCC validation rules", annex 1); what its logic says is not looked at. */
import { isJsonObject } from '../json.ts'
import type { Json, JsonObject } from '../json-value.ts'
import { unknownMember } from '../nearest.ts'

/** What is wrong with a rule. */
export interface RuleProblem {
  /** The member at fault, also when it is missing. */
  member: string
  /** A sentence that names the member and quotes nothing of the rule but names of members. */
  text: string
}

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
const version = matches(/^\d{1,9}\.\d{1,9}\.\d{1,9}$/, 'a version like 1.0.0')
const instant = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|[+-](\d\d):(\d\d))$/
const moment: Member = {
  isFine: (value) => typeof value === 'string' && isMoment(value),
  wanted: 'an instant with seconds and time zone',
}

const members: Record<string, Member> = {
  Identifier: matches(/^(?:GR|VR|TR|RR|IR)-[A-Z]{2}-\d{4}$/, 'like VR-XA-0001'),
  Type: oneOf('Acceptance', 'Invalidation'),
  Country: matches(/^[A-Z]{2}$/, 'two capital letters'),
  Region: { ...matches(/^.{0,5}$/, 'a text of up to 5 characters'), isOptional: true },
  Version: version,
  SchemaVersion: version,
  Engine: matches(/^[A-Z]{2,}$/, 'a name in capitals, e.g. CERTLOGIC'),
  EngineVersion: version,
  CertificateType: oneOf('General', 'Test', 'Vaccination', 'Recovery'),
  Description: { isFine: isDescription, wanted: 'a list of {"lang", "desc"} with one in `en`' },
  ValidFrom: moment,
  ValidTo: moment,
  AffectedFields: {
    isFine: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== ''),
    wanted: 'a list of paths',
  },
  Logic: { isFine: (value) => isJsonObject(value) && Object.keys(value).length > 0, wanted: 'an object' },
}

/** Whether an instant is in the calendar and on the clock; JavaScript would make the 2nd of March of a 30th of February. */
function isMoment(text: string): boolean {
  const parts = instant.exec(text)
  if (!parts) return false
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zoneHour = 0, zoneMinute = 0] = parts
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0))
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && year > 0
  return isDay && hour < 24 && minute < 60 && second < 60 && zoneHour < 15 && zoneMinute < 60
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

/** Everything that is wrong with the form of a rule; how its members agree is looked at only where each is fine for itself. */
export function ruleShapeProblems(rule: JsonObject): RuleProblem[] {
  const problems = Object.keys(rule)
    .filter((name) => !Object.hasOwn(members, name))
    .map((member) => ({ member, text: unknownMember(member.slice(0, 60), Object.keys(members)) }))
  for (const [member, { isFine, wanted, isOptional }] of Object.entries(members)) {
    const value = Object.hasOwn(rule, member) ? rule[member] : undefined
    if (value === undefined) {
      if (!isOptional) problems.push({ member, text: `${member} is missing` })
    } else if (!isFine(value)) problems.push({ member, text: `${member} must be ${wanted}` })
  }
  return problems.length > 0 ? problems : disagreements(rule)
}

function disagreements(rule: JsonObject): RuleProblem[] {
  const problems: RuleProblem[] = []
  const [prefix = '', identified = ''] = String(rule.Identifier).split('-')
  const expected = rule.Type === 'Invalidation' ? 'IR' : prefixes[String(rule.CertificateType)]
  const add = (member: string, text: string) => problems.push({ member, text })
  if (identified !== rule.Country) add('Identifier', 'Identifier names another country than Country')
  if (prefix !== expected)
    add('Identifier', `Identifier must begin with ${expected} for ${rule.Type} and ${rule.CertificateType}`)
  if (Date.parse(String(rule.ValidTo)) <= Date.parse(String(rule.ValidFrom)))
    add('ValidTo', 'ValidTo is not after ValidFrom')
  return problems
}
