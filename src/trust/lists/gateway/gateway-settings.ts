import { isJsonObject } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { isOfGateway, type TrustSource, type TrustSourceKind } from '../trust-source.ts'

/** How often the lists of a gateway are downloaded, unless the source says otherwise. */
const DAY_SECONDS = 86_400
const MODES = ['APPEND', 'OVERRIDE'] as const

/** Members of a source of a gateway, each with the kinds for which it means something. */
export const gatewayMembers: Record<'withFederation' | 'anchors' | 'mode', TrustSourceKind[]> = {
  withFederation: ['gateway', 'issuers'],
  anchors: ['gateway', 'issuers'],
  mode: ['gateway'],
}

/** What is wrong with those members, and with what a signed list needs. */
export function gatewayProblems(entry: JsonObject): string[] {
  const { kind, location, withFederation, anchors, mode } = entry
  const problems: string[] = []
  if (isOfGateway({ kind }) && typeof location === 'string' && !/^[A-Za-z0-9][\w.-]{0,63}$/.test(location))
    problems.push('location must be the id of a gateway of the configuration (GATEWAYS)')
  if (withFederation !== undefined && typeof withFederation !== 'boolean')
    problems.push('withFederation must be true or false')
  if (mode !== undefined && !MODES.some((each) => each === mode))
    problems.push(`mode must be one of ${MODES.join(', ')}`)
  if (anchors !== undefined && anchorsOf(anchors) === undefined)
    problems.push(
      'anchors must be an object: names of other gateways, each with the path of its trust anchor or a list of paths',
    )
  else if (anchors !== undefined && withFederation !== true)
    problems.push('anchors of other gateways mean nothing without withFederation: true')
  if (kind === 'icao-master-list' && [entry.key ?? []].flat().length === 0)
    problems.push('an icao-master-list needs the certificate of its signer, or of the authority that issued it: key')
  return problems
}

function anchorsOf(json: Json): Record<string, string[]> | undefined {
  if (!isJsonObject(json)) return undefined
  const read = Object.entries(json).map(([name, value]): [string, string[]] => {
    const paths = [value].flat().filter((each): each is string => typeof each === 'string' && each !== '')
    return [name, paths]
  })
  const isWhole = Object.entries(json).every(([name, value], at) => {
    const [, paths = []] = read[at] ?? []
    return name !== '' && paths.length > 0 && paths.length === [value].flat().length
  })
  return isWhole ? Object.fromEntries(read) : undefined
}

/** Those members, as they hold; paths are made absolute by `resolve`. */
export function gatewaySettings(
  { kind, withFederation, anchors, mode }: JsonObject,
  resolve: (path: string) => string,
): Pick<TrustSource, 'withFederation' | 'anchors' | 'mode' | 'refreshSeconds'> {
  const read = anchors === undefined ? undefined : anchorsOf(anchors)
  const known = MODES.find((each) => each === mode)
  return {
    // There are no changes to be asked for: the whole list is downloaded each time.
    ...(kind === 'gateway' || kind === 'issuers' ? { refreshSeconds: DAY_SECONDS } : {}),
    ...(typeof withFederation === 'boolean' ? { withFederation } : {}),
    ...(read
      ? { anchors: Object.fromEntries(Object.entries(read).map(([name, paths]) => [name, paths.map(resolve)])) }
      : {}),
    ...(known ? { mode: known } : {}),
  }
}

/** What is wrong with sources of gateways beside each other. */
export function modeProblems(sources: readonly TrustSource[]): string[] {
  const overriding = sources.filter(({ mode }) => mode === 'OVERRIDE').map(({ name }) => name)
  return overriding.length > 1
    ? [`TRUST_LISTS: only one source may have the mode OVERRIDE: ${overriding.join(', ')}`]
    : []
}
