/** Whether a rule of the EU can be taken as it is: its form, its versions, its logic, and whether what it says of itself agrees. */

import { ruleShapeProblems } from '../../base/eu-rule/shape.ts'
import { isJurisdictionCode } from '../../base/iso-3166.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { issue } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'
import { accessFaults, affectedFieldFaults, dataAccesses, externalFaults, logicFaults } from './logic-faults.ts'
import { versionFaults } from './versions.ts'

/**
 * Everything for which a rule is not taken (errors), and what is to be known of it (warnings). Expressions are paths in the rule, such
 * as `Rule.ValidTo` or `Rule.Logic.if[0].var`. Pure.
 */
export function euRuleFaults(rule: JsonObject): Issue[] {
  const shape = ruleShapeProblems(rule).map(({ member, text }) => fault(`Rule.${member.slice(0, 60)}`, text))
  const isFine = (member: string) => !shape.some(({ expression }) => expression?.[0] === `Rule.${member}`)
  // A version that is not written as one is told as such already.
  const versions = versionFaults(rule).filter(({ member }) => isFine(member) && rule[member] !== undefined)
  return [
    ...shape,
    ...versions.map(({ member, text }) => fault(`Rule.${member}`, text)),
    ...(isFine('Country') ? countryFaults(rule.Country) : []),
    ...(isFine('Version') ? numberFaults(rule.Version) : []),
    ...(isFine('Description') ? languageFaults(rule.Description) : []),
    ...(isFine('Logic') ? contentFaults(rule, isFine('AffectedFields')) : []),
    ...(isFine('Region') ? regionRemarks(rule.Region) : []),
  ]
}

const fault = (expression: string, text: string): Issue => issue('invalid', { text, expression })

function countryFaults(country: Json | undefined): Issue[] {
  if (typeof country === 'string' && isJurisdictionCode(country)) return []
  return [fault('Rule.Country', 'Country is no code of ISO 3166-1, nor EU, nor a test country (XA to XZ)')]
}

/** `01.0.0` would be beside `1.0.0`, and neither the higher. */
function numberFaults(version: Json | undefined): Issue[] {
  return /(?:^|\.)0\d/.test(String(version)) ? [fault('Rule.Version', 'Version has a part that begins with 0')] : []
}

function languageFaults(description: Json | undefined): Issue[] {
  const seen = new Set<string>()
  return (Array.isArray(description) ? description : []).flatMap((each, index) => {
    const lang = isJsonObject(each) ? String(each.lang) : ''
    const isTwice = seen.has(lang)
    seen.add(lang)
    return isTwice ? [fault(`Rule.Description[${index}].lang`, `Description has the language ${lang} twice`)] : []
  })
}

function contentFaults({ Logic: logic, AffectedFields: fields }: JsonObject, hasFields: boolean): Issue[] {
  const faults = logicFaults(logic)
  if (faults.length > 0 || logic === undefined) return faults.map(({ path, text }) => fault(`Rule.Logic${path}`, text))
  const accesses = dataAccesses(logic)
  const unseen = [...accessFaults(accesses), ...externalFaults(accesses)]
  if (unseen.length > 0)
    return unseen.map(({ path, text }) => fault(`Rule.Logic${path}`, `Logic cannot be right: ${text}`))
  const named = hasFields && Array.isArray(fields) ? fields.map(String) : undefined
  return named ? affectedFieldFaults(named, accesses).map((text) => fault('Rule.AffectedFields', text)) : []
}

/** Jurisdictions are asked for by country: for all of it is stricter than for a part, and never more lenient. */
function regionRemarks(region: Json | undefined): Issue[] {
  if (region === undefined || region === '') return []
  const text = 'Region: the rule is for a part of its country, and counts here for all of it'
  return [issue('informational', { severity: 'warning', text, expression: 'Rule.Region' })]
}
