import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { contentFiles } from '../../scripts/generate-content.ts'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import { credentialFormats } from '../../src/credentials/credentials.ts'
import { elementInfo } from '../../src/fhir/elements.ts'
import type { ConceptMap } from '../../src/fhir/types.ts'
import { parseMap } from '../../src/structure-map/language/parser.ts'
import { overShared } from '../support/shared.ts'
import { byCanonical, content, cqlPaths, jsonContent, mapPaths, maps, ofType, projectText } from './own-content.ts'

const base = 'http://vidimus.org/fhir'
const shared = new URL('../../../shared/igs/eu-dcc-valuesets/', import.meta.url)
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Members that R4 does not know, lists where one value belongs and the reverse. */
function faults(value: JsonObject, type: string, path: string): string[] {
  return Object.entries(value).flatMap(([member, given]) => {
    const name = member.startsWith('_') ? member.slice(1) : member
    if (name === 'resourceType' || name === 'fhir_comments') return []
    const info = elementInfo(type, name)
    if (!info) return [`${path}.${member}: unknown`]
    if (info.isArray !== Array.isArray(given))
      return [`${path}.${member}: ${info.isArray ? 'a list' : 'one value'} wanted`]
    const childType = member.startsWith('_') ? 'Element' : info.childType
    return [given].flat().flatMap((each) => (isObject(each) ? faults(each, childType, `${path}.${member}`) : []))
  })
}

describe('own content', () => {
  it('is what the tables say: run `npm run build:content`', () => {
    const generated = contentFiles()
    assert.deepEqual(jsonContent.map(([path]) => path).sort(), [...generated.keys()].sort())
    for (const [path, text] of generated) assert.equal(projectText(path), text, path)
  })

  it('is R4: no unknown members, lists where lists belong', () => {
    for (const each of content) {
      const json = each as unknown as JsonObject // a resource is a JSON object
      assert.deepEqual(faults(json, each.resourceType, each.resourceType), [], `${each.resourceType}/${each.id}`)
    }
  })

  it('is published as it should be', () => {
    for (const each of content) {
      const name = `${each.resourceType}/${each.id ?? ('url' in each ? each.url : '')}`
      for (const element of [
        'url',
        'version',
        'name',
        'title',
        'status',
        'date',
        'publisher',
        'description',
      ] as const) {
        // What describes a system of others names no version that the system does not have.
        if (element === 'version' && 'content' in each && each.content === 'not-present') continue
        assert.ok(element in each && each[element as keyof typeof each], `${name} has no ${element}`)
      }
      // A copy of what WHO has as a draft is one, so that WHO's own, which is newer, counts once it is imported.
      const isDraft = /\/who-(?:ref-country|trust-(?:domains|participants-(?:dev|uat)))/.test(name)
      const wanted = isDraft && !/ValueSet\/who-trust-participants/.test(name) ? 'draft' : 'active'
      assert.equal('status' in each && each.status, wanted, name)
      assert.ok('name' in each && /^[A-Z][A-Za-z0-9_]{0,254}$/.test(String(each.name)), `${name}: name`)
      if (each.id) assert.match(each.id, /^[A-Za-z0-9\-.]{1,64}$/, name)
    }
    for (const [path, each] of jsonContent) assert.ok(path.endsWith(`/${each.resourceType}-${each.id}.json`), path)
  })

  it('has every canonical once', () => {
    const canonicals = content.map((each) => `${each.resourceType} ${'url' in each ? each.url : ''}`)
    assert.deepEqual(canonicals.toSorted(), [...new Set(canonicals)].toSorted())
    const names = content.map((each) => `${each.resourceType} ${'name' in each ? each.name : ''}`)
    assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted())
  })

  it('refers to nothing of its own that does not exist', () => {
    const known = new Set(content.map((each) => ('url' in each ? each.url : undefined)))
    const texts = [...jsonContent.map(([path]) => path), ...mapPaths, ...cqlPaths]
    for (const path of texts)
      for (const [canonical] of projectText(path).matchAll(/http:\/\/vidimus\.org\/fhir\/[A-Za-z]+\/[\w-]+/g))
        assert.ok(known.has(canonical), `${path}: ${canonical}`)
  })

  it('refers to nothing of others beyond what is listed', () => {
    const external = [
      'http://hl7.org/fhir/',
      'http://terminology.hl7.org/CodeSystem/',
      'http://loinc.org',
      'http://snomed.info/sct',
      'http://www.whocc.no/atc',
      'http://unitsofmeasure.org',
      'https://ucum.org/license',
      'http://id.who.int/icd11/mms',
      'http://id.who.int/icd/release/11/mms',
      'https://ec.europa.eu/health/',
      'http://ec.europa.eu/temp/',
      'https://spor.ema.europa.eu/v1/organisations',
      'https://covid-19-diagnostics.jrc.ec.europa.eu/devices',
      'http://data.europa.eu/eli/',
      'https://www.who.int/publications/',
      'http://worldhealthorganization.github.io/ddcc/StructureDefinition/CertDDCC',
      'http://smart.who.int/ddcc/StructureDefinition/',
      'http://smart.who.int/ddcc/CodeSystem/DDCCCompositionCategoryCodeSystem',
      'http://smart.who.int/ddcc/CodeSystem/lab-test-',
      'http://smart.who.int/pcmt-vaxprequal/CodeSystem/',
      'http://smart.who.int/icvp/',
      'http://smart.who.int/trust/',
      'http://smart.who.int/refmart/CodeSystems/REF_COUNTRY',
      'https://www.ema.europa.eu/en/medicines/human/EPAR/',
      'https://covid-vaccine.canada.ca/',
      'https://www.moh.gov.sa/en/hajj/',
      'https://www.who.int/groups/poliovirus-ihr-emergency-committee',
    ]
    for (const path of [...jsonContent.map(([each]) => each), ...mapPaths, ...cqlPaths])
      for (const [url] of projectText(path).matchAll(/https?:\/\/[^\s"'|)]+/g))
        if (!url.startsWith(base))
          assert.ok(
            external.some((each) => url.startsWith(each)),
            `${path}: ${url}`,
          )
  })
})

describe('maps', () => {
  it('parse strictly and without a warning', () => {
    for (const path of mapPaths) assert.deepEqual(parseMap(projectText(path), { strict: true }).warnings, [], path)
  })

  it('are there for every kind of certificate that is read, and its code exists', () => {
    const formats = byCanonical('CodeSystem', `${base}/CodeSystem/credential-format`)[0]?.concept?.map(
      (each) => each.code,
    )
    for (const [format, { input }] of credentialFormats.flatMap(({ kinds }) => Object.entries(kinds))) {
      assert.ok(formats?.includes(format), format)
      const { coreDataSet = [], bundle = [] } = input?.({}).maps ?? {}
      for (const canonical of [...coreDataSet, ...bundle])
        assert.ok(
          maps.some((each) => each.url === canonical),
          canonical,
        )
    }
  })
})

describe('value sets of the EU DCC', () => {
  const codesOf = (id: string) =>
    (byCanonical('ValueSet', `${base}/ValueSet/${id}`)[0]?.compose?.include ?? []).flatMap(({ system, concept }) =>
      (concept ?? []).map(({ code, display }) => ({ system, code, display })),
    )
  const inactive = ofType('CodeSystem').flatMap((each) =>
    (each.concept ?? [])
      .filter(({ property }) => property?.some((one) => one.code === 'inactive' && one.valueBoolean))
      .map(({ code }) => code),
  )
  const files: Record<string, string> = {
    'country-2-codes': 'country-2-codes',
    'disease-agent-targeted': 'disease-agent-targeted',
    'test-manf-example': 'covid-19-lab-test-manufacturer-and-name',
    'test-result': 'covid-19-lab-result',
    'test-type': 'covid-19-lab-test-type',
    'vaccine-mah-manf': 'vaccines-covid-19-auth-holders',
    'vaccine-medicinal-product': 'vaccines-covid-19-names',
    'vaccine-prophylaxis': 'sct-vaccines-covid-19',
  }
  for (const [file, id] of Object.entries(files))
    overShared.it(`${id}: every published code under its system, inactive ones marked`, () => {
      const { valueSetId, valueSetValues } = JSON.parse(readFileSync(new URL(`${file}.json`, shared), 'utf8'))
      assert.equal(valueSetId, id)
      const published = Object.entries<{ system: string; active: boolean }>(valueSetValues)
      const own = codesOf(id)
      assert.equal(own.length, published.length)
      for (const [code, { system, active }] of published) {
        assert.ok(
          own.some((each) => each.code === code && each.system === system),
          code,
        )
        assert.equal(inactive.includes(code), !active, code)
      }
    })

  it('are mapped to ICD-11 in full', () => {
    const isToIcd11 = ({ group }: ConceptMap) =>
      group?.some(({ target }) => target?.startsWith('http://id.who.int/icd'))
    const maps = ofType('ConceptMap').filter(({ sourceCanonical }) => sourceCanonical !== undefined)
    for (const map of maps.filter(isToIcd11)) {
      const source = codesOf(map.sourceCanonical?.split('/').at(-1) ?? '')
      const elements = (map.group ?? []).flatMap((group) =>
        group.element.map((each) => ({ ...each, system: group.source })),
      )
      assert.deepEqual(
        elements.map(({ system, code }) => `${system} ${code}`).toSorted(),
        source.map(({ system, code }) => `${system} ${code}`).toSorted(),
        map.url,
      )
      for (const { code, target } of elements) assert.equal(target?.length, 1, code)
    }
  })
})

describe('rules', () => {
  it('carry the CQL text of rules/cql', () => {
    const libraries = ofType('Library')
    assert.equal(libraries.length, cqlPaths.length)
    for (const { name, version, url, content: attachments, relatedArtifact } of libraries) {
      const text = projectText(`rules/cql/${name}.cql`)
      assert.equal(Buffer.from(attachments?.[0]?.data ?? '', 'base64').toString('utf8'), text)
      assert.match(text, new RegExp(`^library ${name} version '${version}'$`, 'm'))
      assert.equal(url, `${base}/Library/${name}`)
      const used = [...text.matchAll(/^valueset .*: '(.*)'$/gm)].map((each) => each[1])
      assert.deepEqual(
        (relatedArtifact ?? []).map((each) => each.resource),
        used,
      )
    }
  })

  it('name one library with version, and a define of it that has reasons', () => {
    for (const plan of ofType('PlanDefinition')) {
      assert.equal(plan.library?.length, 1)
      const canonical = plan.library?.[0] ?? ''
      assert.match(canonical, /\|\d+\.\d+\.\d+$/)
      const [library] = byCanonical('Library', canonical)
      assert.ok(library, canonical)
      const outputs = library.parameter?.filter((each) => each.use === 'out').map((each) => each.name)
      const text = projectText(`rules/cql/${library.name}.cql`)
      for (const action of plan.action ?? []) {
        const expression = action.condition?.[0]?.expression?.expression ?? ''
        assert.ok(outputs?.includes(expression), expression)
        assert.ok(text.includes(`define "${expression} Reasons":`), expression)
      }
    }
  })

  it('speak every language of the WHO and Portuguese', () => {
    for (const plan of ofType('PlanDefinition'))
      for (const action of plan.action ?? []) {
        const languages = action._textEquivalent?.extension?.map(
          (each) => each.extension?.find((part) => part.url === 'lang')?.valueCode,
        )
        assert.deepEqual(languages?.toSorted(), ['ar', 'es', 'fr', 'pt', 'ru', 'zh'])
      }
  })
})
