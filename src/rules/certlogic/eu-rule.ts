import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { unprocessable } from '../../fhir/error.ts'
import type { Extension, Library, PlanDefinition } from '../../fhir/types.ts'
import { certLogicType } from './certlogic.ts'

const planType = 'http://terminology.hl7.org/CodeSystem/plan-definition-type'
const libraryType = 'http://terminology.hl7.org/CodeSystem/library-type'
const contextType = 'http://terminology.hl7.org/CodeSystem/usage-context-type'
const country = 'urn:iso:std:iso:3166'
const translationUrl = 'http://hl7.org/fhir/StructureDefinition/translation'

/** Code systems of this software for the kinds of certificates and the types of rules. */
export const ownRuleSystems = {
  kindSystem: 'http://vidimus.org/fhir/CodeSystem/certificate-kind',
  ruleTypeSystem: 'http://vidimus.org/fhir/CodeSystem/rule-type',
}

/** Settings of {@link euRuleToFhir}. */
export interface EuRuleOptions {
  /** Base of the canonical urls, e.g. `https://vidimus.example/fhir`. */
  base: string
  /** CodeSystem of certificate kinds and of rule types; default `<base>/CodeSystem/…`. */
  kindSystem?: string
  ruleTypeSystem?: string
  /** The text that the rule was read of: it is kept byte for byte, for others know the rule by its hash. */
  text?: Uint8Array
}

/**
 * An EU business rule (technical specification "EU DCC validation rules", annex 1) as a Library with the rule object inside, and a
 * PlanDefinition with one action. Pure.
 * @throws FhirError 422 when a member that identity or meaning depends on is missing
 */
export function euRuleToFhir(
  rule: JsonObject,
  options: EuRuleOptions,
): { library: Library; planDefinition: PlanDefinition } {
  const identifier = required(rule, 'Identifier')
  const version = required(rule, 'Version')
  const { text, element } = descriptions(rule.Description)
  const common = {
    id: idOf(identifier, version),
    version,
    name: identifier.replace(/\W/g, '_'),
    status: 'active' as const,
    jurisdiction: [{ coding: [{ system: country, code: required(rule, 'Country') }] }],
    ...period(rule),
    ...(text === undefined ? {} : { description: text, title: identifier }),
    ...(element ? { _description: element } : {}),
  }
  const library: Library = {
    resourceType: 'Library',
    url: `${options.base}/Library/${identifier}`,
    ...common,
    type: { coding: [{ system: libraryType, code: 'logic-library', display: 'Logic Library' }] },
    content: [
      { contentType: certLogicType, data: Buffer.from(options.text ?? JSON.stringify(rule)).toString('base64') },
    ],
  }
  const kind = required(rule, 'CertificateType')
  const type = required(rule, 'Type')
  const planDefinition: PlanDefinition = {
    resourceType: 'PlanDefinition',
    url: `${options.base}/PlanDefinition/${identifier}`,
    identifier: [{ value: identifier }],
    ...common,
    type: { coding: [{ system: planType, code: 'eca-rule', display: 'ECA Rule' }] },
    useContext: [
      {
        code: { system: contextType, code: 'focus', display: 'Clinical Focus' },
        valueCodeableConcept: {
          coding: [coding(options.kindSystem ?? `${options.base}/CodeSystem/certificate-kind`, kind)],
        },
      },
    ],
    library: [`${options.base}/Library/${identifier}|${version}`],
    action: [
      {
        title: identifier,
        ...(text === undefined ? {} : { textEquivalent: text }),
        ...(element ? { _textEquivalent: element } : {}),
        code: [
          { coding: [coding(options.ruleTypeSystem ?? `${options.base}/CodeSystem/rule-type`, type, `${type} rule`)] },
        ],
        condition: [{ kind: 'applicability', expression: { language: certLogicType as never, expression: 'Logic' } }],
      },
    ],
  }
  return { library, planDefinition }
}

/** A code that the EU writes with a capital letter, as it is shown. */
const coding = (system: string, word: string, display = word) => ({ system, code: word.toLowerCase(), display })

function required(rule: JsonObject, name: string): string {
  const value = rule[name]
  if (typeof value === 'string' && value !== '') return value
  throw unprocessable(`the EU rule has no ${name}`, 'required')
}

/** Logical id: at most 64 of letters, digits, `-` and `.`. */
function idOf(identifier: string, version: string): string {
  return `${identifier}-${version}`.replace(/[^A-Za-z0-9.-]/g, '-').slice(0, 64)
}

function period(rule: JsonObject): { effectivePeriod?: { start?: string; end?: string } } {
  const { ValidFrom: start, ValidTo: end } = rule
  const made = { ...(typeof start === 'string' ? { start } : {}), ...(typeof end === 'string' ? { end } : {}) }
  return Object.keys(made).length > 0 ? { effectivePeriod: made } : {}
}

/** English as the value, every other language as a translation extension. */
function descriptions(value: Json | undefined): { text?: string; element?: { extension: Extension[] } } {
  const all = (Array.isArray(value) ? value : []).flatMap((each) => {
    const { lang, desc } = isJsonObject(each) ? each : {}
    return typeof lang === 'string' && typeof desc === 'string' && desc !== '' ? [{ lang, desc }] : []
  })
  const main = all.find((each) => each.lang === 'en') ?? all[0]
  if (!main) return {}
  const extension = all
    .filter((each) => each !== main)
    .map(
      ({ lang, desc }): Extension => ({
        url: translationUrl,
        extension: [
          { url: 'lang', valueCode: lang },
          { url: 'content', valueString: desc },
        ],
      }),
    )
  return { text: main.desc, ...(extension.length > 0 ? { element: { extension } } : {}) }
}
