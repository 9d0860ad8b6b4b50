import type { Json } from '../../base/json-value.ts'

/** The maps of one format: content → core data set (each applied to the output of the one before), core data set → Bundle. */
export interface MapChain {
  coreDataSet: string[]
  bundle: string[]
}

/** Which maps a format goes through unless the request names others; own content, `igs/map-chains.json`. */
export type MapChains = Record<string, MapChain>

/**
 * Checks the JSON of `igs/map-chains.json`.
 * @throws Error naming the format whose chain is not two lists of canonicals
 */
export function readMapChains(json: Json): MapChains {
  if (!json || typeof json !== 'object' || Array.isArray(json))
    throw new Error('map chains: an object by format is wanted')
  const chains: MapChains = {}
  for (const [format, chain] of Object.entries(json)) {
    if (!chain || typeof chain !== 'object' || Array.isArray(chain))
      throw new Error(`map chain of ${format}: an object is wanted`)
    chains[format] = { coreDataSet: canonicals(chain.coreDataSet, format), bundle: canonicals(chain.bundle, format) }
  }
  return chains
}

function canonicals(value: Json | undefined, format: string): string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value
  throw new Error(`map chain of ${format}: coreDataSet and bundle must be lists of canonicals`)
}
