/**
 * Vocabulary of the trust network: WHO's code systems and value sets of domains, participants and key usages under their own
 * canonicals, in words of ours and under a version that WHO's own package outranks; and what lists and gateways use beside them.
 */
import { alpha3FromAlpha2 } from '../../src/base/iso-3166.ts'
import type { CodeSystem, CodeSystemConcept, ConceptMap, ValueSet } from '../../src/fhir/types.ts'
import { codeSystem, conceptMap, valueSet } from './conformance.ts'
import { canonical, computerName, published, readData } from './metadata.ts'
import { euCodes } from './terminology.ts'

interface Entry {
  code: string
  display: string
  definition: string
}

interface Environment {
  /** Ends every canonical of the environment. */
  suffix: string
  name: string
  participants: { path: string; status: CodeSystem['status']; codes: string[] }
  /** Alpha-3 codes, parted by spaces. */
  countries: string
}

interface TrustNetwork {
  /** Base of WHO's canonicals. */
  base: string
  /** A pre-release of the version that was read, so that WHO's own is newer. */
  version: string
  countries: string
  environments: Environment[]
  organisations: Record<string, string>
  domains: Entry[]
  keyUsages: (Entry & { listed: boolean })[]
  furtherDomains: Entry[]
  gatewayGroups: (Entry & { usage?: string })[]
}

const network = readData<TrustNetwork>('valuesets/tables/trust-network.json')

const concepts = (entries: Entry[]): CodeSystemConcept[] =>
  entries.map(({ code, display, definition }) => ({ code, display, definition }))

/** What carries a canonical of WHO: a copy, with an id of our own, so that WHO's package keeps its ids. */
function whoArtefact(kind: string, suffix: string) {
  const id = `who-trust-${kind.toLowerCase()}${suffix.toLowerCase()}`
  return { id, ...published, version: network.version, name: computerName(id) }
}

const remark =
  'In words of the vidimus project, so that the codes are known before the package smart.who.int.trust is imported, whose own artefact of the same address is the newer version.'

interface SystemParts extends Pick<CodeSystem, 'url' | 'title' | 'caseSensitive' | 'status'> {
  kind: string
  environment: Environment
  concept: CodeSystemConcept[]
  content?: CodeSystem['content']
}

function whoSystem({ kind, environment, concept, content = 'complete', ...rest }: SystemParts): CodeSystem {
  return {
    resourceType: 'CodeSystem',
    ...whoArtefact(kind, environment.suffix),
    ...rest,
    description: `${rest.title}. ${remark}`,
    content,
    count: concept.length,
    concept,
  }
}

const urlOf = (type: string, kind: string, { suffix }: Environment) => `${network.base}/${type}/${kind}${suffix}`
const participantsUrl = (environment: Environment) => urlOf(environment.participants.path, 'Participants', environment)

function participantConcepts({ name, participants }: Environment): CodeSystemConcept[] {
  return participants.codes.map((code) => ({
    code,
    display: network.organisations[code] ?? `Test participant ${code}, ${name}`,
  }))
}

function whoSystems(environment: Environment): CodeSystem[] {
  const { name, participants } = environment
  return [
    whoSystem({
      kind: 'Domains',
      environment,
      url: urlOf('CodeSystem', 'Domains', environment),
      status: 'draft',
      title: `Trust domains of the certification network, ${name}`,
      caseSensitive: true,
      concept: concepts(network.domains),
    }),
    whoSystem({
      kind: 'KeyUsage',
      environment,
      url: urlOf('CodeSystem', 'KeyUsage', environment),
      status: 'active',
      title: `Key usages of the certification network, ${name}`,
      caseSensitive: false,
      concept: concepts(network.keyUsages),
    }),
    whoSystem({
      kind: 'Participants',
      environment,
      url: participantsUrl(environment),
      status: participants.status,
      title: `Participants of the certification network beside countries, ${name}`,
      caseSensitive: false,
      concept: participantConcepts(environment),
    }),
  ]
}

/** Countries in alpha-3, named as the EU's list of countries has them: that list is of Kosovo, too, and WHO's not of Antarctica. */
const countries = euCodes
  .filter(({ valueSet: set, code }) => set === 'country-2-codes' && code !== 'AQ')
  .flatMap(({ code, display }) => {
    const alpha3 = alpha3FromAlpha2(code)
    return alpha3 === undefined ? [] : [{ code: alpha3, display: alpha3 === 'XKX' ? 'Kosovo' : display }]
  })
  .sort((a, b) => (a.code < b.code ? -1 : 1))

const countrySystem: CodeSystem = {
  resourceType: 'CodeSystem',
  id: 'who-ref-country',
  url: network.countries,
  ...published,
  version: network.version,
  status: 'draft',
  name: 'WhoRefCountry',
  title: 'Countries in WHO’s reference list, alpha-3',
  description: `Alpha-3 codes of ISO 3166-1, which are those of WHO’s reference list, with English names. ${remark}`,
  caseSensitive: false,
  content: 'fragment',
  count: countries.length,
  concept: countries,
}

const domainTitle = 'Trust domains of keys'
const groupTitle = 'Groups of certificates of a gateway'

/** Every CodeSystem of the network. */
export const trustCodeSystems = (): CodeSystem[] => [
  ...network.environments.flatMap(whoSystems),
  countrySystem,
  codeSystem(
    {
      id: 'trust-domain',
      title: domainTitle,
      description:
        'Domains that keys of trust lists carry and that WHO’s code system does not have. The set is open: a domain names what a key is for, and a list may bring further ones.',
    },
    concepts(network.furtherDomains),
  ),
  codeSystem(
    {
      id: 'gateway-certificate-group',
      title: groupTitle,
      description: 'How a gateway names what a certificate is for, in `group` and in its paths.',
    },
    concepts(network.gatewayGroups),
  ),
]

type Include = Parameters<typeof valueSet>[1]

function whoValueSet(kind: string, environment: Environment, include: Include): ValueSet {
  const title = `${kind} of the certification network, ${environment.name}`
  const { id, ...metadata } = whoArtefact(kind, environment.suffix)
  return {
    ...valueSet({ id, title, description: `${title}. ${remark}` }, include),
    url: urlOf('ValueSet', kind, environment),
    ...metadata,
    status: kind === 'Domains' ? 'draft' : 'active',
  }
}

function whoValueSets(environment: Environment): ValueSet[] {
  const listed = network.keyUsages.filter(({ listed: isListed }) => isListed)
  const country = environment.countries.split(' ').map((code) => ({ code }))
  return [
    whoValueSet('Domains', environment, [{ system: urlOf('CodeSystem', 'Domains', environment) }]),
    whoValueSet('KeyUsage', environment, [
      {
        system: urlOf('CodeSystem', 'KeyUsage', environment),
        concept: listed.map(({ code, display }) => ({ code, display })),
      },
    ]),
    whoValueSet('Participants', environment, [
      { system: participantsUrl(environment) },
      { system: network.countries, concept: country },
    ]),
  ]
}

const [production] = network.environments

/** Every ValueSet of the network. */
export const trustValueSets = (): ValueSet[] => {
  if (!production) throw new Error('valuesets/tables/trust-network.json names no environment')
  const domain = {
    id: 'trust-domain',
    title: domainTitle,
    description: 'WHO’s trust domains, and those of keys beside them.',
  }
  const group = {
    id: 'gateway-certificate-group',
    title: groupTitle,
    description: 'How a gateway names what a certificate is for.',
  }
  return [
    ...network.environments.flatMap(whoValueSets),
    valueSet(domain, [
      { system: urlOf('CodeSystem', 'Domains', production) },
      { system: canonical('CodeSystem', 'trust-domain') },
    ]),
    valueSet(group, [{ system: canonical('CodeSystem', 'gateway-certificate-group') }]),
  ]
}

/** CSCA is SCA: from what gateways and lists write to WHO's key usages. */
export const trustConceptMaps = (): ConceptMap[] => {
  if (!production) return []
  const usages = new Map(network.keyUsages.map(({ code, display }) => [code, display]))
  const description =
    'From the groups of a gateway, and the usages that trust lists write (CSCA), to WHO’s key usages (SCA). A group that is no usage of the network leads nowhere.'
  const source = 'gateway-certificate-group'
  return [
    conceptMap(
      { id: 'gateway-certificate-group-to-key-usage', title: 'Group of a gateway to key usage', description, source },
      [
        {
          source: canonical('CodeSystem', source),
          target: urlOf('CodeSystem', 'KeyUsage', production),
          element: network.gatewayGroups.map(({ code, display, usage }) => ({
            code,
            display,
            target: [
              usage === undefined
                ? { equivalence: 'unmatched' as const }
                : { code: usage, display: usages.get(usage) ?? usage, equivalence: 'equivalent' as const },
            ],
          })),
        },
      ],
    ),
  ]
}
