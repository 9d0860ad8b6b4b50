/** A small release about an animal nobody has seen: several parents, groups, concrete values, two languages, every kind of reference set. */
import { type Rf2Description, type Rf2Member, type Rf2Rows, sct } from './rf2-rows.ts'
import { madeUpId } from './sctid.ts'

/** Version URI of the small release. */
export const smallVersion = `http://snomed.info/xsct/${madeUpId(1)}/version/20270131`

/**
 * Concepts by key: parents (keys, or identifiers of the metadata), then attributes `group attribute=value`; groups from 0. `!` before
 * the term makes it fully defined. Order is of no meaning.
 */
const written = `
module | Gryph extension module | @900000000000443000
body | Body structure | @138875005
limb | Limb structure | body
wing | Wing structure | limb
leftwing | Left wing structure | wing side | 0 laterality=left
rightwing | Right wing structure | wing side | 0 laterality=right
wingtip | Wing tip structure | wing
feather | Flight feather structure | wingtip skin
leg | Leg structure | limb
claw | Claw structure | leg
skin | Skin structure | body
side | Structure of one side | body
beak | Beak structure | body
change | Morphologic change | @138875005
swelling | Swelling | change
inflammation | Inflammation | swelling
abscess | Abscess | inflammation hole
hole | Hole | change
tear | Tear | hole
burn | Burn | change
organism | Organism | @138875005
mite | Mite | organism
wingmite | Wing mite | mite
fungus | Fungus | organism
qualifier | Qualifier value | @138875005
left | Left | qualifier
right | Right | qualifier
mild | Mild | qualifier
severe | Severe | qualifier
finding | Gryph finding | @138875005
disorder | Gryph disorder | finding
wingdisorder | !Disorder of wing | disorder | 1 site=wing
wingfinding | Finding of wing | finding | 1 site=wing
inflamed | !Inflammatory disorder | disorder | 1 morphology=inflammation
wingitis | !Inflammation of wing | wingdisorder inflamed | 1 site=wing, 1 morphology=inflammation
leftwingitis | !Inflammation of left wing | wingitis | 1 site=leftwing, 1 morphology=inflammation
bothwingitis | !Inflammation of both wings | wingitis | 1 site=leftwing, 1 morphology=inflammation, 2 site=rightwing, 2 morphology=inflammation
mitewingitis | !Wing mite inflammation | wingitis | 1 site=wing, 1 morphology=inflammation, 1 agent=wingmite, 0 severity=mild
tornwing | !Torn wing | wingdisorder | 1 site=wing, 1 morphology=tear
tornburnt | !Torn wing with burnt leg | tornwing | 1 site=wing, 1 morphology=tear, 2 site=leg, 2 morphology=burn
tornfeather | !Torn flight feather | tornwing | 1 directsite=feather, 1 morphology=tear, 2 directsite=skin, 2 morphology=tear
abscesswing | Abscess of wing | wingitis | 1 directsite=wing, 1 morphology=abscess, 2 indirectsite=skin, 2 site=limb
skinburn | !Burn of skin | disorder | 1 directsite=skin, 1 morphology=burn, 0 severity=severe
sadness | Sadness of gryph | finding
due | Fever due to wingitis | finding | 1 dueto=wingitis
substance | Substance | @138875005
salve | Salve base | substance
resin | Resin | salve
honey | Honey | salve
herb | Herb | substance
product | Product | @138875005
resinsalve | !Resin salve | product | 1 ingredient=resin, 1 strength=#10, 1 unit=drop, 0 count=#1, 0 vegan=true
weakresin | !Weak resin salve | resinsalve | 1 ingredient=resin, 1 strength=#0.5, 1 unit=drop, 0 count=#1, 0 label="weak salve"
mixture | !Resin and honey salve | product | 1 ingredient=resin, 1 strength=#2.5, 1 unit=drop, 2 ingredient=honey, 2 strength=#10, 2 unit=drop, 0 count=#2, 0 vegan=false, 0 label="strong \\"salve\\""
triple | !Resin, honey and herb salve | product | 1 ingredient=resin, 1 strength=#2.50, 2 ingredient=honey, 2 strength=#-1, 3 ingredient=herb, 3 strength=#100, 0 count=#3
drop | Drop | qualifier
attribute | Gryph attribute | @106237007
site | Site | attribute
directsite | Direct site | site
indirectsite | Indirect site | site
morphology | Form | attribute
agent | Agent | attribute
dueto | Due to | attribute
severity | Severity | attribute
laterality | Laterality | attribute
ingredient | Has ingredient | attribute
strength | Has strength | attribute
unit | Has unit | attribute
count | Count of ingredients | attribute
vegan | Is vegan | attribute
label | Label text | attribute
flock | Flock problem list reference set | simpleset
rare | Rare disorders reference set | simpleset
simpleset | Simple type reference set of gryphs | @900000000000455006
mapset | Gryph to Codex map reference set | @900000000000455006
gryphish | Gryphish language reference set | @900000000000506000
scheme | Codex scheme | @900000000000442005
-oldwingitis | Wing inflammation (old)
-twowingitis | Inflammation of some wing
-wingsores | Wing sores
-gone | Nothing known
`

/** The metadata that is not made up: identifier, term, parents. */
const metadata = `
138875005 | SNOMED CT Concept |
900000000000441003 | SNOMED CT Model Component | 138875005
106237007 | Linkage concept | 900000000000441003
116680003 | Is a | 106237007
900000000000442005 | Core metadata concept | 900000000000441003
900000000000443000 | Module | 900000000000442005
900000000000454005 | Foundation metadata concept | 900000000000441003
900000000000455006 | Reference set | 900000000000454005
900000000000506000 | Language type reference set | 900000000000455006
900000000000507009 | English [International Organization for Standardization 639-1 code en] language reference set | 900000000000506000
900000000000508004 | Great Britain English language reference set | 900000000000507009
900000000000509007 | United States of America English language reference set | 900000000000507009
900000000000521006 | Association type reference set | 900000000000455006
900000000000522004 | Historical association reference set | 900000000000521006
900000000000527005 | SAME AS association reference set | 900000000000522004
900000000000526001 | REPLACED BY association reference set | 900000000000522004
900000000000523009 | POSSIBLY EQUIVALENT TO association reference set | 900000000000522004
900000000000446008 | Description type | 900000000000442005
900000000000003001 | Fully specified name | 900000000000446008
900000000000013009 | Synonym | 900000000000446008
900000000000550004 | Definition | 900000000000446008
900000000000444006 | Definition status | 900000000000442005
900000000000073002 | Sufficiently defined concept definition status | 900000000000444006
900000000000074008 | Necessary but not sufficient concept definition status | 900000000000444006
900000000000511003 | Acceptability | 900000000000454005
900000000000548007 | Preferred | 900000000000511003
900000000000549004 | Acceptable | 900000000000511003
900000000000207008 | SNOMED CT core module | 900000000000443000
`

/** Synonyms and definitions beyond the fully specified name and the preferred one: key, language, kind, dialects, term. */
const further = `
wingitis | en | syn | us:acceptable gb:preferred | Winged soreness
wingitis | en | syn | gb:acceptable | Pteritis of the gryph
wingitis | gy | syn | gryphish:preferred | flügelitzung
wingitis | en | def | us:preferred | A wing that is warm, red and sore
leftwingitis | gy | syn | gryphish:preferred | flügelitzung links
tornwing | gy | syn | gryphish:preferred | flügelriß
tornwing | en | syn | gryphish:acceptable us:acceptable | Ripped wing
tornwing | -en | syn | us:acceptable | Broken sail
skinburn | en | syn | us:acceptable gb:acceptable | Scald / scorch
mite | en | syn | us:acceptable | J45.9 mite*
`

const date = { old: '20200131', mid: '20250731', late: '20270131' }

interface Written {
  key: string
  id: string
  term: string
  active: boolean
  defined: boolean
  parents: string[]
  attributes: string[]
}

function parse(): Written[] {
  return lines(written).map(([first = '', term = '', parents = '', attributes = ''], index) => {
    const active = !first.startsWith('-')
    const key = active ? first : first.slice(1)
    return {
      key,
      id: madeUpId(index + 1),
      term: term.replace(/^!/, ''),
      active,
      defined: term.startsWith('!'),
      parents: parents.split(' ').filter((each) => each !== ''),
      attributes: attributes.split(', ').filter((each) => each !== ''),
    }
  })
}

const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((part) => part.trim()))

const concepts = parse()
const ids = new Map(concepts.map(({ key, id }) => [key, id]))

/** Identifier of a concept of the small release by its key. @throws Error for a key it does not have */
export function small(key: string): string {
  const id = ids.get(key)
  if (id === undefined) throw new Error(`the small release has no ${key}`)
  return id
}

/** Text with `{key}` replaced by identifiers, e.g. `<< {wing}`. */
export const withIds = (text: string): string => text.replace(/\{([a-z]+)\}/g, (_, key: string) => small(key))

/** Keys of the small release by identifier; an identifier of the metadata stands for itself. */
const keys = new Map(concepts.map(({ key, id }) => [id, key]))
export const keyOf = (id: string): string => keys.get(id) ?? id

/** The rows of the small release. */
export function smallRelease(): Rf2Rows {
  const rows: Rf2Rows = {
    version: smallVersion,
    concepts: [],
    descriptions: [],
    relationships: [],
    identifiers: [],
    refsets: [],
  }
  addConcepts(rows)
  addRelationships(rows)
  const dialects = addDescriptions(rows)
  rows.refsets.push({ fields: ['acceptabilityId'], rows: dialects }, ...otherRefsets())
  const identifier = { effectiveTime: date.old, moduleId: small('module'), identifierSchemeId: small('scheme') }
  const identify = (alternateIdentifier: string, key: string, active = true) =>
    rows.identifiers.push({ ...identifier, alternateIdentifier, active, referencedComponentId: small(key) })
  identify('W-1', 'wing')
  identify('W 1/2', 'wingtip')
  identify('L-9', 'leg', false)
  return rows
}

function addConcepts(rows: Rf2Rows): void {
  for (const [id = ''] of lines(metadata)) {
    const status = { active: true, moduleId: sct.coreModule, definitionStatusId: sct.primitive }
    rows.concepts.push({ id, effectiveTime: date.old, ...status })
  }
  concepts.forEach(({ id, active, defined }, index) => {
    rows.concepts.push({
      id,
      effectiveTime: [date.old, date.mid, date.late][index % 3] ?? '',
      active,
      moduleId: index % 5 === 0 ? sct.coreModule : small('module'),
      definitionStatusId: defined ? sct.defined : sct.primitive,
    })
  })
}

const idOf = (name: string) => (name.startsWith('@') ? name.slice(1) : small(name))

function addRelationships(rows: Rf2Rows): void {
  const add = (sourceId: string, typeId: string, to: { destinationId?: string; value?: string; group?: number }) =>
    rows.relationships.push({
      id: madeUpId(rows.relationships.length + 1, 'relationship'),
      effectiveTime: date.mid,
      active: true,
      moduleId: small('module'),
      sourceId,
      destinationId: to.destinationId ?? '',
      value: to.value ?? '',
      relationshipGroup: to.group ?? 0,
      typeId,
      characteristicTypeId: sct.inferred,
    })
  for (const [id = '', , parent = ''] of lines(metadata)) if (parent) add(id, sct.isA, { destinationId: parent })
  for (const { id, parents, attributes } of concepts) {
    for (const parent of parents) add(id, sct.isA, { destinationId: idOf(parent) })
    for (const each of attributes) {
      const [, group = '', type = '', value = ''] = /^(\d+) ([a-z]+)=(.*)$/.exec(each) ?? []
      const concrete = /^[#"]|^(?:true|false)$/.test(value)
      add(id, small(type), { group: Number(group), ...(concrete ? { value } : { destinationId: small(value) }) })
    }
  }
  // What no inferred view has: a row that is no more, and a stated one.
  const dead = rows.relationships.find(({ sourceId }) => sourceId === small('sadness'))
  if (!dead) throw new Error('sadness has no parent')
  rows.relationships.push(
    { ...dead, id: madeUpId(9001, 'relationship'), active: false, destinationId: small('wingdisorder') },
    { ...dead, id: madeUpId(9002, 'relationship'), characteristicTypeId: sct.stated, destinationId: small('inflamed') },
  )
}

/** Descriptions; the members of language reference sets that say how acceptable each is. */
function addDescriptions(rows: Rf2Rows): Rf2Member[] {
  const members: Rf2Member[] = []
  const add = (conceptId: string, typeId: string, has: { term: string; languageCode?: string; active?: boolean }) => {
    const description: Rf2Description = {
      id: madeUpId(rows.descriptions.length + 1, 'description'),
      effectiveTime: rows.descriptions.length % 2 === 0 ? date.old : date.late,
      active: has.active ?? true,
      moduleId: rows.descriptions.length % 4 === 0 ? sct.coreModule : small('module'),
      conceptId,
      languageCode: has.languageCode ?? 'en',
      typeId,
      term: has.term,
      caseSignificanceId: sct.caseInsensitive,
    }
    rows.descriptions.push(description)
    return description.id
  }
  const accept = (description: string, refsetId: string, acceptability: string) =>
    members.push(member(members.length, { refsetId, referencedComponentId: description, values: [acceptability] }))
  const both = (conceptId: string, term: string, tag: string) => {
    for (const description of [
      add(conceptId, sct.fsn, { term: `${term} (${tag})` }),
      add(conceptId, sct.synonym, { term }),
    ])
      for (const refset of [sct.usEnglish, sct.gbEnglish]) accept(description, refset, sct.preferred)
  }
  for (const [id = '', term = ''] of lines(metadata)) both(id, term, 'metadata')
  for (const { id, term } of concepts) both(id, term, 'gryph')
  const types = new Map([
    ['syn', sct.synonym],
    ['def', sct.textDefinition],
  ])
  const refsets = new Map<string, string>([
    ['us', sct.usEnglish],
    ['gb', sct.gbEnglish],
    ['gryphish', small('gryphish')],
  ])
  for (const [key = '', language = '', type = '', dialects = '', term = ''] of lines(further)) {
    const active = !language.startsWith('-')
    const languageCode = active ? language : language.slice(1)
    const description = add(small(key), types.get(type) ?? '', { term, languageCode, active })
    for (const each of dialects.split(' ')) {
      const [dialect = '', acceptability] = each.split(':')
      accept(description, refsets.get(dialect) ?? '', acceptability === 'preferred' ? sct.preferred : sct.acceptable)
    }
  }
  return members
}

/** A member with an identifier that its number decides. */
function member(
  number: number,
  has: Pick<Rf2Member, 'refsetId' | 'referencedComponentId' | 'values'> & Partial<Rf2Member>,
): Rf2Member {
  const id = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
  return { id, effectiveTime: date.mid, active: true, moduleId: small('module'), ...has }
}

function otherRefsets(): Rf2Rows['refsets'] {
  let number = 100_000
  const row = (refsetId: string, key: string, values: string[], changed: Partial<Rf2Member> = {}) =>
    member(number++, { refsetId, referencedComponentId: small(key), values, ...changed })
  return [
    {
      fields: [],
      rows: [
        row(small('flock'), 'wingitis', []),
        row(small('flock'), 'tornwing', [], { effectiveTime: date.late }),
        row(small('flock'), 'sadness', [], { active: false }),
        row(small('flock'), 'oldwingitis', [], { moduleId: sct.coreModule }),
        row(small('rare'), 'tornwing', []),
        row(small('rare'), 'skinburn', []),
      ],
    },
    {
      fields: ['targetComponentId'],
      rows: [
        row('900000000000527005', 'oldwingitis', [small('wingitis')]),
        row('900000000000526001', 'wingsores', [small('skinburn')]),
        row('900000000000523009', 'twowingitis', [small('leftwingitis')]),
        row('900000000000523009', 'twowingitis', [small('bothwingitis')]),
        row('900000000000527005', 'gone', [small('sadness')], { active: false }),
      ],
    },
    {
      fields: ['mapGroup', 'mapPriority', 'mapRule', 'mapAdvice', 'mapTarget', 'correlationId'],
      rows: [
        row(small('mapset'), 'wingitis', ['1', '1', 'TRUE', 'ALWAYS J45.9', 'J45.9', sct.synonym]),
        row(small('mapset'), 'wingitis', ['1', '2', 'OTHERWISE TRUE', 'ALWAYS J46', 'J46', sct.synonym]),
        row(small('mapset'), 'tornwing', ['2', '1', 'TRUE', 'ALWAYS T14.1', 'T14.1', sct.fsn]),
        row(small('mapset'), 'skinburn', ['2', '1', 'TRUE', '', '', sct.fsn], { effectiveTime: date.late }),
        row(small('mapset'), 'sadness', ['3', '1', 'TRUE', 'ALWAYS R45', 'R45', sct.fsn], { active: false }),
      ],
    },
  ]
}
