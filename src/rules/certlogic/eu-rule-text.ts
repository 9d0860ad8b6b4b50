/** The way back: a rule of the EU out of the artefacts that were made of it. */
import { isDeepStrictEqual } from 'node:util'
import { isJsonObject, objectsIn } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { formatCanonical } from '../../fhir/canonical.ts'
import { isError, unprocessable } from '../../fhir/error.ts'
import { asJson } from '../../fhir/json.ts'
import type { Library, PlanDefinition } from '../../fhir/types.ts'
import { certLogicText, isCertLogic, readCertLogic } from './certlogic.ts'
import { euRuleToFhir, ownRuleSystems } from './eu-rule.ts'
import { euRuleFaults } from './eu-rule-faults.ts'

/** A rule as its author wrote it. */
export interface EuRuleText {
  identifier: string
  version: string
  country: string
  /** Byte for byte as it was imported. */
  text: Buffer
}

/**
 * The rule of the EU that a Library holds.
 * @param plans rule sets that run it: all that decides in them must still be what the rule says of itself
 * @throws FhirError 422 for a library of another language, a bare expression, a rule that would not be imported, and rule sets that say
 * something else, for then nobody else would decide as this server does
 */
export function euRuleOf(library: Library, plans: readonly PlanDefinition[] = []): EuRuleText {
  const name = formatCanonical(library.url ?? library.id, library.version)
  const text = certLogicText(library)
  if (text === undefined || !isCertLogic(library)) throw unprocessable(`Library ${name} is not written in CertLogic`)
  const { rule } = readCertLogic(library)
  if (!rule) throw unprocessable(`Library ${name} holds an expression, and no rule of the EU around it`)
  const faults = euRuleFaults(rule).filter(isError)
  const [first] = faults
  if (first) throw unprocessable(`Library ${name} holds no whole rule of the EU: ${first.details?.text ?? first.code}`)
  const { Identifier: identifier, Version: version, Country: country } = rule
  const differing = plans.flatMap((plan) => differences(plan, rule, library))
  if (differing.length > 0)
    throw unprocessable(
      `Library ${name} is run by a rule set that says something else than its rule: ${[...new Set(differing)].join(', ')}`,
    )
  return { identifier: String(identifier), version: String(version), country: String(country), text }
}

/** Members of a rule set that decide, and depart from what the rule would have made of them; texts and titles may. */
function differences(plan: PlanDefinition, rule: JsonObject, library: Library): string[] {
  const { planDefinition } = euRuleToFhir(rule, { base: '', ...ownRuleSystems })
  const made = decisive({ ...planDefinition, library: [formatCanonical(library.url ?? '', library.version)] })
  return Object.entries(decisive(plan)).flatMap(([name, is]) => (isDeepStrictEqual(is, made[name]) ? [] : [name]))
}

/** Everything in a rule set by which it is chosen and run. */
function decisive(plan: PlanDefinition): Record<string, Json> {
  const { version, type, library, jurisdiction, useContext, effectivePeriod, action, ...others } = asJson(plan)
  const { start, end, ...period } = isJsonObject(effectivePeriod) ? effectivePeriod : {}
  const actions = objectsIn(action)
  const members: Record<string, Json | undefined> = {
    ...{ version, type, library, jurisdiction, useContext },
    'effectivePeriod.start': start,
    'effectivePeriod.end': end,
    effectivePeriod: period,
    'action.code': actions.map(({ code }) => code ?? null),
    'action.condition': actions.map(({ condition }) => condition ?? null),
    action: actions.map(({ code, condition, ...others }) => others),
    goal: others.goal,
    modifierExtension: others.modifierExtension,
  }
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, withoutTexts(value ?? null)]))
}

/** Members that are for readers: of elements and of codings. */
const texts = new Set(['id', 'title', 'description', 'textEquivalent', 'display', 'text'])

/** The code systems of this software under whatever base: a server reads them as its own. */
const ownSystem = /^.*(?=\/CodeSystem\/(?:certificate-kind|rule-type)$)/

function withoutTexts(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutTexts)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !texts.has(name.replace(/^_/, '')))
      .map(([name, each]) => [
        name,
        name === 'system' && typeof each === 'string' ? each.replace(ownSystem, '') : withoutTexts(each),
      ]),
  )
}
