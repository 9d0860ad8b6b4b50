import type { CodeSystem, ConceptMap } from '../../src/fhir/types.ts'
import { codeSystem, conceptMap } from './conformance.ts'
import { icd11, readTable } from './metadata.ts'

const productSystem = 'http://smart.who.int/pcmt-vaxprequal/CodeSystem/PreQualProductIds'
const typeSystem = 'http://smart.who.int/pcmt-vaxprequal/CodeSystem/PreQualVaccineType'

const organizations = new Map(
  readTable('valuesets/tables/product-organizations.tsv').map(([code = '', name = '']) => [code, name]),
)
const makers = readTable('valuesets/tables/icvp-makers.tsv')
const icvp = readTable('valuesets/tables/icvp-products.tsv')
const products = icvp.filter(([system]) => system === 'product')

const organizationId = 'product-organizations'
const organizationSystem = `http://vidimus.org/fhir/CodeSystem/${organizationId}`

function nameOf(code: string): string {
  const found = organizations.get(code)
  if (found === undefined) throw new Error(`${code} is not in product-organizations.tsv`)
  return found
}

/** Who makes the products that are known without a catalogue; an import of one adds those that it names. */
export const productOrganizations = (): CodeSystem => {
  const named = {
    id: organizationId,
    title: 'Organisations of product catalogues',
    description:
      'Makers of vaccines of the international certificate; an imported catalogue adds makers, holders and authorities.',
  }
  const { valueSet: _, ...made } = codeSystem(
    named,
    [...organizations].map(([code, display]) => ({ code, display })),
  )
  return { ...made, content: 'fragment' }
}

/** A group that hands on what it has not: a product that nobody knows stays as it was issued. */
const handingOn = { mode: 'provided' as const }

/**
 * What maps tell of a product by name. An imported catalogue publishes higher versions of these maps, in which what stands here and not
 * in the catalogue is kept.
 */
export const productMaps = (): ConceptMap[] => [
  conceptMap(
    {
      id: 'product-to-name',
      title: 'Vaccine product to its name',
      description: 'Ids of WHO’s prequalification with the name of the product; any other id stays as it is.',
    },
    [
      {
        source: productSystem,
        target: productSystem,
        unmapped: handingOn,
        element: products.map(([, code = '', , , , display = '']) => ({
          code,
          display,
          target: [{ code, display, equivalence: 'equal' }],
        })),
      },
    ],
  ),
  conceptMap(
    {
      id: 'product-to-manufacturer',
      title: 'Vaccine product to its maker',
      description: 'Ids of WHO’s prequalification to who makes the product; any other id stays as it is.',
    },
    [
      {
        source: productSystem,
        target: organizationSystem,
        unmapped: handingOn,
        element: makers.map(([code = '', maker = '']) => ({
          code,
          target: [{ code: maker, display: nameOf(maker), equivalence: 'relatedto' }],
        })),
      },
    ],
  ),
  conceptMap(
    {
      id: 'prequalified-product-to-vaccine-type',
      title: 'Prequalified vaccine product to its type',
      description: 'Of products that are prequalified, the type of vaccine; any other id stays as it is.',
    },
    [
      {
        source: productSystem,
        target: typeSystem,
        unmapped: handingOn,
        element: products.flatMap(([, code = '']) =>
          /^YellowFeverProduct/.test(code)
            ? [{ code, target: [{ code: 'YellowFever', display: 'Yellow Fever', equivalence: 'wider' as const }] }]
            : [],
        ),
      },
    ],
  ),
  conceptMap(
    {
      id: 'vaccine-type-to-icd-11',
      title: 'Type of vaccine to ICD-11',
      description:
        'Types of WHO’s prequalification to vaccines of ICD-11; `wider` means that the ICD-11 code says less.',
    },
    [{ source: typeSystem, target: icd11.official, element: [...icvpTypes(), ...otherTypes()] }],
  ),
]

type Element = NonNullable<ConceptMap['group']>[0]['element'][0]

const icd11Displays = new Map(
  readTable('valuesets/tables/icd-11.tsv').map(([code = '', display = '']) => [code, display]),
)

const icvpTypes = (): Element[] =>
  icvp
    .filter(([system]) => system === 'type')
    .map(([, code = '', vaccine = '', , equivalence, display = '']) => ({
      code,
      display,
      target: [targetOf(vaccine, icd11Displays.get(vaccine) ?? vaccine, equivalence)],
    }))

const otherTypes = (): Element[] =>
  readTable('valuesets/tables/vaccine-types.tsv').map(([code = '', vaccine = '', equivalence, display = '']) => ({
    code,
    target: [targetOf(vaccine, display, equivalence)],
  }))

const equivalences = ['equivalent', 'wider', 'relatedto'] as const

function targetOf(code: string, display: string, equivalence: string | undefined) {
  const found = equivalences.find((each) => each === equivalence)
  if (found === undefined) throw new Error(`${equivalence} is none of ${equivalences.join(', ')}`)
  return { code, display, equivalence: found }
}
