/** What a manifest says to a terminology operation that names it. */
import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import { unprocessable } from '../../fhir/error.ts'
import { firstParameter, parameterValue, textParameter } from '../../fhir/operation.ts'
import type { Parameter, Parameters } from '../../fhir/types.ts'
import type { Manifest, Pin } from '../../publish/lifecycle/manifest.ts'
import type { OperationContext } from '../context.ts'

const expression = "Parameters.parameter.where(name='manifest')"

/** Parameters by which a request decides the versions of code systems, and of value sets; the first of each is the manifest's. */
const rules = {
  CodeSystem: ['system-version', 'check-system-version', 'force-system-version'],
  ValueSet: ['default-valueset-version', 'check-valueset-version', 'force-valueset-version'],
}

/** How CRMI spells what the terminology ecosystem calls otherwise. */
const spellings: Readonly<Record<string, string>> = { 'default-system-version': 'system-version' }

/** What a manifest may say of every expansion; anything else would be a question of its own. */
const ofExpansions = [
  ...Object.values(rules).flat(),
  'activeOnly',
  'displayLanguage',
  'includeDesignations',
  'designation',
  'includeDefinition',
  'excludeNested',
  'excludeNotForUI',
  'excludePostCoordinated',
  'property',
  'exclude-system',
  'useSupplement',
  'date',
  'lenient-display-validation',
  'valueset-membership-only',
]

/**
 * The parameters of a call with what its manifest says beside them; what the call says itself wins. As they are without `manifest`.
 * @param declared names of the operation's own parameters
 * @throws FhirError 404, 422 as the manifest is read; 422 for expansion parameters that are none
 */
export async function withManifest(
  parameters: Parameters,
  declared: ReadonlySet<string>,
  { manifest }: Pick<OperationContext, 'manifest'>,
): Promise<Parameters> {
  if (!firstParameter(parameters, 'manifest')) return parameters
  const canonical = textParameter(parameters, 'manifest')
  if (canonical === undefined || canonical === '')
    throw unprocessable({ text: 'manifest is a canonical.', expression }, 'value')
  const read = await manifest(canonical)
  const given = (parameters.parameter ?? []).filter(({ name }) => name !== 'manifest')
  const added = [...pinned(read, given), ...expansions(read, given)].filter(({ name }) => declared.has(name))
  const system = declared.has('codeSystem') ? ofSystem(read, given) : []
  return { ...parameters, parameter: [...given, ...distinct([...added, ...system], given)] }
}

/** A rule for each version that the manifest pins, where the request has none for that url. */
function pinned({ pins }: Manifest, given: Parameter[]): Parameter[] {
  const decided = (names: readonly string[]) =>
    new Set(given.filter(({ name }) => names.includes(name)).map((each) => parseCanonical(textOf(each)).url))
  const [systems, sets] = [decided(rules.CodeSystem), decided(rules.ValueSet)]
  return pins.flatMap((pin): Parameter[] => {
    const valueCanonical = formatCanonical(pin.url, pin.version)
    const isOf = (type: string) => pin.resources.some((each) => each.resourceType === type)
    // What the terminology has built in is a code system.
    const isSystem = isOf('CodeSystem') || pin.resources.length === 0
    return [
      ...(isSystem && !systems.has(pin.url) ? [{ name: 'system-version', valueCanonical }] : []),
      ...(isOf('ValueSet') && !sets.has(pin.url) ? [{ name: 'default-valueset-version', valueCanonical }] : []),
    ]
  })
}

const textOf = (parameter: Parameter): string => {
  const value = parameterValue(parameter)
  return typeof value === 'string' ? value : ''
}

/** The manifest's own parameters of expansions; of one that the request has, that of the request counts. */
function expansions({ name: manifest, parameters, versions }: Manifest, given: Parameter[]): Parameter[] {
  const names = new Set(given.map(({ name }) => name))
  return parameters.flatMap((each): Parameter[] => {
    const name = spellings[each.name] ?? each.name
    if (!ofExpansions.includes(name)) {
      const text = `${manifest} has the expansion parameter ${each.name.slice(0, 64)}, which is none of this server`
      throw unprocessable({ text, expression }, 'not-supported')
    }
    const kind = Object.values(rules).find((list) => list.includes(name))
    if (!kind) return names.has(name) ? [] : [{ ...each, name }]
    const { url, version } = parseCanonical(textOf(each))
    // The same is said by its entries, or is decided by the request.
    const isDecided = given.some((other) => kind.includes(other.name) && parseCanonical(textOf(other)).url === url)
    const entry = versions.get(url)
    if (entry !== undefined && version !== undefined && entry !== version)
      throw unprocessable({ text: `${manifest} names ${url} in two versions, ${entry} and ${version}`, expression })
    return isDecided ? [] : [{ ...each, name }]
  })
}

/** The version of the code system that a question is about, where it names none. */
function ofSystem({ pins }: Manifest, given: Parameter[]): Parameter[] {
  const parameters: Parameters = { resourceType: 'Parameters', parameter: given }
  if (given.some(({ name }) => name === 'version' || name === 'codeSystem')) return []
  const coding = parameterValue(firstParameter(parameters, 'coding'))
  const own = typeof coding === 'object' && coding !== null && 'version' in coding
  const system = typeof coding === 'object' && coding !== null && 'system' in coding ? coding.system : undefined
  const asked = textParameter(parameters, 'url') ?? textParameter(parameters, 'system') ?? system
  const { url, version } = parseCanonical(typeof asked === 'string' ? asked : '')
  const pin = pins.find((each: Pin) => each.url === url)
  return pin && version === undefined && !own ? [{ name: 'version', valueString: pin.version }] : []
}

/** Each said once. */
function distinct(added: Parameter[], given: Parameter[]): Parameter[] {
  const known = new Set(given.map((each) => `${each.name} ${textOf(each)}`))
  return added.filter((each) => {
    const key = `${each.name} ${textOf(each)}`
    if (textOf(each) !== '' && known.has(key)) return false
    known.add(key)
    return true
  })
}
