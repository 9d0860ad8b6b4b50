/** The way back: a rule of the EU out of the artefacts that were made of it. */
import { isJsonObject } from '../../base/json.ts'
import { formatCanonical } from '../../fhir/canonical.ts'
import { isError, unprocessable } from '../../fhir/error.ts'
import type { Library, PlanDefinition } from '../../fhir/types.ts'
import { certLogicText, isCertLogic, readCertLogic } from './certlogic.ts'
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
 * @param plans rule sets that run it: what they say of country, period and kind must still be what the rule says of itself
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
  const differing = plans.flatMap((plan) => differences(plan, rule))
  if (differing.length > 0)
    throw unprocessable(
      `Library ${name} is run by a rule set that says something else than its rule: ${[...new Set(differing)].join(', ')}`,
    )
  return { identifier: String(identifier), version: String(version), country: String(country), text }
}

/** Members of a rule set that depart from the rule. */
function differences(plan: PlanDefinition, rule: object): string[] {
  if (!isJsonObject(rule)) return []
  const codes = (concepts: PlanDefinition['jurisdiction']) =>
    (concepts ?? []).flatMap(({ coding }) => (coding ?? []).map(({ code }) => code))
  const said: Record<string, [unknown, unknown]> = {
    version: [plan.version, rule.Version],
    jurisdiction: [codes(plan.jurisdiction).join(), rule.Country],
    'effectivePeriod.start': [plan.effectivePeriod?.start, rule.ValidFrom],
    'effectivePeriod.end': [plan.effectivePeriod?.end, rule.ValidTo],
    useContext: [
      codes((plan.useContext ?? []).flatMap((each) => each.valueCodeableConcept ?? [])).join(),
      String(rule.CertificateType).toLowerCase(),
    ],
    'action.code': [
      codes((plan.action ?? []).flatMap(({ code }) => code ?? [])).join(),
      String(rule.Type).toLowerCase(),
    ],
  }
  return Object.entries(said).flatMap(([name, [is, should]]) => (is === should ? [] : [name]))
}
