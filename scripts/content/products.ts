import type { CodeSystem, CodeSystemConcept, ConceptMap, ValueSet } from '../../src/fhir/types.ts'
import { conceptMap, valueSet } from './conformance.ts'
import { canonical, icd11, published, readData, readTable } from './metadata.ts'

const folder = 'valuesets/tables'

/** One row of the product table. */
interface Product {
  code: string
  /** `product`, or `type`: a product of this type that is not named. */
  kind: string
  disease: string
  platform: string
  doses: number
  /** Days; undefined where one dose is the series. */
  interval: number | undefined
  holder: string
  source: string
  display: string
}

interface ProductData {
  sources: Record<string, { label: string; url?: string }>
  platforms: Record<string, string>
  diseases: Record<string, { code: string; display: string }>
  valueSets: { id: string; title: string; description: string; filter: Partial<Product> }[]
}

const data = readData<ProductData>(`${folder}/vaccine-products.json`)
const systems: Record<string, string[]> = {
  ...Object.fromEntries(
    Object.entries(readData<Record<string, string>>(`${folder}/systems.json`)).map(([key, url]) => [key, [url]]),
  ),
  icd11: [icd11.ddcc, icd11.official],
}

function known<T>(record: Record<string, T>, key: string): T {
  const found = record[key]
  if (found === undefined) throw new Error(`${key} is none of ${Object.keys(record).join(', ')}`)
  return found
}

const products: Product[] = readTable(`${folder}/vaccine-products.tsv`).map(
  ([code = '', kind = '', disease = '', platform = '', doses, interval, holder = '', source = '', display = '']) => ({
    code,
    kind,
    disease,
    platform,
    doses: Number(doses),
    interval: interval ? Number(interval) : undefined,
    holder,
    source,
    display,
  }),
)

/** Codes of other systems: system, code, product. */
const codes = readTable(`${folder}/vaccine-product-codes.tsv`).flatMap(([key = '', code = '', name = '']) => {
  const product = products.find((each) => each.code === name)
  if (!product) throw new Error(`${name} is no product of the table`)
  return known(systems, key).map((system) => ({ system, code, product }))
})

const url = canonical('CodeSystem', 'vaccine-products')

function conceptOf(product: Product): CodeSystemConcept {
  const { label, url: address } = known(data.sources, product.source)
  const disease = known(data.diseases, product.disease)
  return {
    code: product.code,
    display: product.display,
    property: [
      { code: 'kind', valueCode: product.kind },
      { code: 'disease', valueCoding: { system: icd11.official, ...disease } },
      { code: 'target', valueCode: product.disease },
      { code: 'platform', valueString: known(data.platforms, product.platform) },
      { code: 'doses', valueInteger: product.doses },
      ...(product.interval === undefined ? [] : [{ code: 'minimumInterval', valueInteger: product.interval }]),
      ...(product.holder ? [{ code: 'holder', valueString: product.holder }] : []),
      { code: 'source', valueString: address === undefined ? label : `${label} (${address})` },
    ],
  }
}

const properties: [code: string, type: NonNullable<CodeSystem['property']>[number]['type'], description: string][] = [
  ['kind', 'code', 'product, or type: a product of this type that is not named.'],
  ['disease', 'Coding', 'The disease that it is against, in ICD-11.'],
  ['target', 'code', 'The same in a word: doses of products with one target are counted together.'],
  ['platform', 'string', 'How the vaccine works.'],
  [
    'doses',
    'integer',
    'Doses of the primary series, for persons from 5 years; of a type the highest number among its products.',
  ],
  [
    'minimumInterval',
    'integer',
    'Fewest days between two doses of the series; of a type the highest number among its products.',
  ],
  ['holder', 'string', 'Holder of the marketing authorisation, or maker.'],
  ['source', 'string', 'Where doses and interval are published.'],
]

/** The product table as a CodeSystem. */
export const productSystem = (): CodeSystem => ({
  resourceType: 'CodeSystem',
  id: 'vaccine-products',
  url,
  ...published,
  name: 'VaccineProducts',
  title: 'Vaccine products',
  description:
    'Products of vaccines with their primary series: how many doses, and how many days between them at least. Rules ask the value sets that are drawn from it; ConceptMap vaccine-code-to-product leads into it from the codes of certificates.',
  caseSensitive: true,
  content: 'complete',
  count: products.length,
  property: properties.map(([code, type, description]) => ({ code, type, description })),
  concept: products.map(conceptOf),
})

/** Filters over the table's own system that say the same as a filter over its rows. */
const ownProperties: Partial<Record<keyof Product, string>> = {
  kind: 'kind',
  doses: 'doses',
  interval: 'minimumInterval',
  disease: 'target',
}

/** Display of a code of another system, where one is known; else the product is named. */
type DisplayOf = (system: string, code: string) => string | undefined

/** The value sets over products: by filter in the table's own system, listed in every other one. */
export function productValueSets(displayOf: DisplayOf): ValueSet[] {
  return data.valueSets.map(({ id, title, description, filter }) => {
    const wanted = Object.entries(filter)
    const found = codes.filter(({ product }) => wanted.every(([key, value]) => Reflect.get(product, key) === value))
    const named = [...new Set(found.map(({ system }) => system))]
    const filters = wanted.map(([key, value]) => ({
      property: ownProperties[key as keyof Product] ?? key,
      op: '=' as const,
      value: String(value),
    }))
    const listed = named.map((system) => ({
      system,
      concept: found
        .filter((each) => each.system === system)
        .map(({ code, product }) => ({ code, display: displayOf(system, code) ?? product.display })),
    }))
    return valueSet({ id, title, description }, [{ system: url, filter: filters }, ...listed])
  })
}

/** From the codes that certificates use into the table. */
export function productMap(displayOf: DisplayOf): ConceptMap {
  const named = [...new Set(codes.map(({ system }) => system))]
  return conceptMap(
    {
      id: 'vaccine-code-to-product',
      title: 'Vaccine code to product',
      description:
        'From codes of ICD-11, CVX, ATC, SNOMED CT, the EU and WHO’s prequalified products to the product table; `wider` means that several codes, such as presentations, are one product.',
    },
    named.map((source) => {
      const own = codes.filter(({ system }) => system === source)
      return {
        source,
        target: url,
        element: own.map(({ code, product }) => ({
          code,
          display: displayOf(source, code) ?? product.display,
          target: [
            {
              code: product.code,
              display: product.display,
              equivalence: own.filter((each) => each.product === product).length > 1 ? 'wider' : 'equivalent',
            },
          ],
        })),
      }
    }),
  )
}
