/** The page of an artefact: its head, and its parts by the address' `tab`. */
import type { ComponentType } from 'preact'
import { useMemo } from 'preact/hooks'
import { ask } from '../../api/client.ts'
import { useReply } from '../../api/use-reply.ts'
import { place } from '../../app/router.ts'
import { language } from '../../app/session.ts'
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Await } from '../../parts/await.tsx'
import { Notice } from '../../parts/notice.tsx'
import { CodeSystemCodes } from '../code-system/codes.tsx'
import { Differences } from '../differences/differences.tsx'
import { LibraryParameters, LibraryText, Related } from '../kinds/library.tsx'
import { MapPairs } from '../kinds/map-pairs.tsx'
import { PlanRules } from '../kinds/plan-rules.tsx'
import { MapGroups, MapText } from '../kinds/structure-map.tsx'
import { Translate } from '../kinds/translate.tsx'
import { CheckCode } from '../kinds/value-set/check-code.tsx'
import { Definition } from '../kinds/value-set/definition.tsx'
import { ExpansionPages } from '../kinds/value-set/expansion.tsx'
import { headOf } from '../readers/artefact.ts'
import { Reading } from '../readers/reading.ts'
import { pageOf, pathOf, type Which } from './addresses.ts'
import { ArtefactHead } from './head.tsx'
import { LinksPart } from './links-part.tsx'
import { OddNotice, WrongAnswer } from './notices.tsx'
import type { PartProps } from './part-props.ts'
import { Signatures } from './signatures.tsx'
import { Source } from './source.tsx'
import { Versions } from './versions.tsx'

type TabName = keyof ReturnType<typeof texts>['catalogue']['tabs']

/** Parts of every page, behind those of its kind. */
const common: [TabName, ComponentType<PartProps>][] = [
  ['versions', Versions],
  ['differences', Differences],
  ['signatures', Signatures],
  ['links', LinksPart],
  ['source', Source],
]

const byType: Record<string, [TabName, ComponentType<PartProps>][]> = {
  ValueSet: [
    ['definition', Definition],
    ['codes', ExpansionPages],
    ['check', CheckCode],
  ],
  CodeSystem: [['codes', CodeSystemCodes]],
  ConceptMap: [
    ['pairs', MapPairs],
    ['translate', Translate],
  ],
  StructureMap: [
    ['text', MapText],
    ['groups', MapGroups],
  ],
  Library: [
    ['text', LibraryText],
    ['parameters', LibraryParameters],
    ['related', Related],
  ],
  PlanDefinition: [
    ['rules', PlanRules],
    ['related', Related],
  ],
  StructureDefinition: [['source', Source]],
}

/** Of a code system all but its concepts, which may be half a million: they are asked for as they are looked at. */
const headMembers =
  'url,identifier,version,name,title,status,experimental,date,publisher,contact,description,useContext,jurisdiction,purpose,copyright,caseSensitive,valueSet,hierarchyMeaning,compositional,versionNeeded,content,supplements,count,filter,property,extension,language'

/** The page. */
export function ArtefactPage({ which }: { which: Which }) {
  const path = `${pathOf(which)}${which.type === 'CodeSystem' ? `?_elements=${headMembers}` : ''}`
  const asked = useReply(path, (signal) => ask(path, { signal }))
  return (
    <>
      <p class="trail">
        <a href={`/catalogue?type=${which.type}`}>
          {texts().catalogue.page.back}: {kindsOf(which.type)}
        </a>
      </p>
      <Await asked={asked} lines={20}>
        {(value) => <Body value={value} which={which} />}
      </Await>
    </>
  )
}

function kindsOf(type: string): string {
  const { types } = texts().catalogue
  return Object.entries(types).find(([name]) => name === type)?.[1] ?? type
}

function Body({ value, which }: { value: unknown; which: Which }) {
  // One reading for one answer: what was found odd in it stays noted.
  const resource = useMemo(() => new Reading(value), [value])
  if (resource.text('resourceType') !== which.type) return <WrongAnswer />
  const { page } = texts().catalogue
  const own = byType[which.type] ?? []
  const tabs = [...own, ...common.filter(([each]) => !own.some(([name]) => name === each))]
  const wanted = place.value.query.get('tab')
  const [name, Part] = tabs.find(([each]) => each === wanted) ?? tabs[0] ?? ['source', Source]
  const head = headOf(resource, language.value)
  // Everything that the part reads is noted while it is drawn: what is odd stands below it.
  return (
    <article>
      <ArtefactHead head={head} />
      {which.versionId !== undefined && (
        <Notice kind="open">
          <p>{fill(page.old, { version: which.versionId })}</p>
          <a href={pageOf({ type: which.type, id: which.id })}>{page.toCurrent}</a>
        </Notice>
      )}
      <Tabs names={tabs.map(([each]) => each)} current={name} which={which} />
      <Part which={which} resource={resource} />
      <OddNotice odd={resource.odd} />
    </article>
  )
}

function Tabs({ names, current, which }: { names: TabName[]; current: TabName; which: Which }) {
  const { tabs, page } = texts().catalogue
  return (
    <nav class="tabs" aria-label={page.sections}>
      {names.map((each) => (
        <a
          key={each}
          href={pageOf(which, { tab: each })}
          {...(each === current && { 'aria-current': 'page' as const })}
        >
          {tabs[each]}
        </a>
      ))}
    </nav>
  )
}
