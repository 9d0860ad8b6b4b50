/** Rules of the EU out of the store, as their authors wrote them. */
import { setImmediate } from 'node:timers/promises'
import { artefactCanonical, isCopy, statusOf } from '../../fhir/artefact.ts'
import { compareVersions, formatCanonical } from '../../fhir/canonical.ts'
import { FhirError } from '../../fhir/error.ts'
import type { Library, PlanDefinition } from '../../fhir/types.ts'
import { isCertLogic } from '../../rules/certlogic/certlogic.ts'
import { type EuRuleText, euRuleOf } from '../../rules/certlogic/eu-rule-text.ts'
import { listUsable } from '../../storage/find-artefacts.ts'
import type { Storage } from '../../storage/storage.ts'

/** Which rules are wanted; nothing said means all. */
export interface EuRuleWishes {
  /** Alpha-2. */
  country?: string | undefined
  identifiers?: readonly string[] | undefined
}

/** What was found. */
export interface EuRuleExport {
  /** By identifier, the newest version first. */
  rules: EuRuleText[]
  /** Libraries in CertLogic that are no whole rules of the EU, or are run otherwise than they say. */
  leftOut: { canonical: string; reason: string }[]
}

/** Every active version of the rules that are this server's own, not copies of other participants' ones. */
export async function exportEuRules(storage: Storage, wishes: EuRuleWishes = {}): Promise<EuRuleExport> {
  const isOwn = (each: Library | PlanDefinition) => statusOf(each) === 'active' && !isCopy(each)
  const plans = (await listUsable(storage, 'PlanDefinition')).filter(isOwn)
  const byLibrary = new Map<string, PlanDefinition[]>()
  for (const plan of plans)
    for (const canonical of plan.library ?? []) byLibrary.set(canonical, [...(byLibrary.get(canonical) ?? []), plan])
  const libraries = (await listUsable(storage, 'Library')).filter((each) => isOwn(each) && isCertLogic(each))
  const found: EuRuleExport = { rules: [], leftOut: [] }
  for (const library of libraries) {
    await setImmediate()
    const { url = '', version } = artefactCanonical(library) ?? {}
    const canonical = formatCanonical(url, version)
    try {
      const rule = euRuleOf(library, byLibrary.get(canonical) ?? [])
      const other = found.rules.find(
        ({ identifier, version }) => identifier === rule.identifier && version === rule.version,
      )
      if (other && !other.text.equals(rule.text))
        found.leftOut.push({ canonical, reason: `another rule is called ${rule.identifier} ${rule.version}, too` })
      else if (!other && isWanted(rule, wishes)) found.rules.push(rule)
    } catch (error) {
      if (!(error instanceof FhirError)) throw error
      found.leftOut.push({ canonical, reason: error.message })
    }
  }
  found.rules.sort(
    (a, b) =>
      (a.identifier < b.identifier ? -1 : a.identifier > b.identifier ? 1 : 0) || compareVersions(b.version, a.version),
  )
  return found
}

const isWanted = ({ country, identifier }: EuRuleText, wishes: EuRuleWishes): boolean =>
  (wishes.country === undefined || wishes.country === country) &&
  (!wishes.identifiers?.length || wishes.identifiers.includes(identifier))
