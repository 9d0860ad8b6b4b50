/** What a gateway has of the DCC era, as files that an import takes: rules as Library and PlanDefinition, value sets as their text. */
import { isJsonObject } from '../base/json.ts'
import type { Json } from '../base/json-value.ts'
import type { Config } from '../config.ts'
import { FhirError } from '../fhir/error.ts'
import type { Resource } from '../fhir/types.ts'
import { downloadRules, downloadValueSets, type LeftOut } from '../gateway/legacy/download.ts'
import type { RuleText } from '../gateway/legacy/rule-text.ts'
import type { OpenGateway } from '../gateway/open-gateway.ts'
import { euRuleToFhir, ownRuleSystems } from '../rules/certlogic/eu-rule.ts'
import type { Trust } from '../trust/trust.ts'
import { configuredSources, loadConfiguredTrust } from './trust.ts'

/** What is wanted of a gateway. */
export interface LegacyDownloadOptions {
  config: Config
  gateway: Pick<OpenGateway, 'client' | 'anchors' | 'settings'>
  /** Alpha-2 codes of the countries whose rules are wanted. */
  countries: readonly string[]
  valueSets: boolean
  /** Base of the canonicals of what is made of rules. */
  canonical: string
  now: Date
}

/** What came. */
export interface LegacyDownload {
  files: { name: string; text: Buffer }[]
  leftOut: LeftOut[]
}

/**
 * Downloads them. Nothing is published: an operator looks at the files, and imports them if he wants the rules to be run.
 * @throws GatewayError when the gateway does not give them
 */
export async function downloadLegacy(options: LegacyDownloadOptions): Promise<LegacyDownload> {
  const { gateway, countries, valueSets, now } = options
  const done: LegacyDownload = { files: [], leftOut: [] }
  const trust = countries.length > 0 ? await trustOver(options, done.leftOut) : undefined
  for (const country of countries) {
    const keys = trust?.keys().find({ issuer: country, usage: ['UP'] }) ?? []
    const signers = keys.flatMap(({ certificate, status }) =>
      certificate && status === 'current' ? [certificate] : [],
    )
    const { found, leftOut } = await downloadRules(gateway.client, { country, signers, now })
    done.leftOut.push(...leftOut)
    for (const rule of found) {
      const made = artefactsOf(rule, options.canonical)
      if (Array.isArray(made)) done.files.push(...made.map(fileOf))
      else done.leftOut.push({ name: `${rule.identifier} ${rule.version}`, reason: made })
    }
  }
  if (!valueSets) return done
  const { found, leftOut } = await downloadValueSets(gateway.client)
  done.files.push(...found.map(({ id, text }) => ({ name: `${id}.json`, text })))
  done.leftOut.push(...leftOut)
  return done
}

/** The configured lists with that of this gateway, as it is now: who signs uploads, and what is withdrawn. */
async function trustOver(
  { config, gateway: { client, anchors, settings } }: LegacyDownloadOptions,
  leftOut: LeftOut[],
): Promise<Trust> {
  const source = { name: `gateway ${settings.id}, now`, kind: 'gateway' as const, location: settings.id }
  const downloads = {
    id: settings.id,
    country: client.country,
    anchors,
    certificates: client.certificates,
    issuers: client.issuers,
    revocationList: client.revocationList,
    revocationBatch: client.revocationBatch,
  }
  const trust = await loadConfiguredTrust(
    { ...config, trustLists: [...configuredSources(config), source] },
    { gateway: (id) => (id === settings.id ? downloads : undefined) },
  )
  const [status] = (await trust.reload([source.name])).filter(({ name }) => name === source.name)
  if (status?.failure !== undefined) leftOut.push({ name: `trust list of ${settings.id}`, reason: status.failure })
  return trust
}

function artefactsOf({ text }: RuleText, base: string): Resource[] | string {
  const rule: Json = JSON.parse(text.toString('utf8').replace(/^\uFEFF/, ''))
  if (!isJsonObject(rule)) return 'it is no object'
  try {
    const { library, planDefinition } = euRuleToFhir(rule, { base, ...ownRuleSystems, text })
    return [library, planDefinition]
  } catch (error) {
    if (error instanceof FhirError) return error.message
    throw error
  }
}

const fileOf = (resource: Resource) => ({
  // An id of FHIR is a file name.
  name: `${resource.resourceType}-${resource.id}.json`,
  text: Buffer.from(`${JSON.stringify(resource, null, 2)}\n`),
})
