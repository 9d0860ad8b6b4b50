/** The codes of a code system: a tree that is loaded where it is looked at, a search, and all that is known of one code. */
import { useState } from 'preact/hooks'
import { changeQuery, place } from '../../app/router.ts'
import { language } from '../../app/session.ts'
import { counted, fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Field } from '../../parts/field.tsx'
import { Notice } from '../../parts/notice.tsx'
import { TypedText } from '../list/filters.tsx'
import { Canonical } from '../page/links.tsx'
import type { PartProps } from '../page/part-props.ts'
import { headOf } from '../readers/artefact.ts'
import type { Reading } from '../readers/reading.ts'
import { ConceptPanel } from './concept-panel.tsx'
import type { SystemAsked } from './questions.ts'
import { Tree } from './tree.tsx'

const snomed = 'http://snomed.info/sct'

/** The part. */
export function CodeSystemCodes({ which, resource }: PartProps) {
  const { tree, tabs } = texts().catalogue
  const { query } = place.value
  const url = resource.text('url')
  // A release of SNOMED CT keeps every code it ever had, without a place in the tree.
  const [withInactive, setInactive] = useState(url !== snomed)
  const text = (query.get('q') ?? '').trim().slice(0, 200)
  const system: SystemAsked = { url, version: resource.text('version'), withInactive }
  if (which.versionId !== undefined)
    return (
      <section aria-label={tabs.codes}>
        <p>{tree.old}</p>
      </section>
    )
  const key = JSON.stringify([system, text])
  return (
    <section aria-label={tabs.codes}>
      <h2>{tabs.codes}</h2>
      <Extent resource={resource} />
      <div class="filter-fields">
        <Field label={tree.search}>
          {(control) => (
            <TypedText
              control={control}
              type="search"
              value={text}
              change={(q) => changeQuery({ q }, { replace: true })}
            />
          )}
        </Field>
        <label class="check">
          <input
            type="checkbox"
            checked={withInactive}
            onChange={(event) => setInactive(event.currentTarget.checked)}
          />
          {tree.inactive}
        </label>
      </div>
      <div class="tree-and-concept">
        <Tree key={key} system={system} text={text} title={headOf(resource, language.value).title} />
        <ConceptPanel system={system} properties={resource.children('property').map((each) => each.text('code'))} />
      </div>
    </section>
  )
}

/** How much of the system is here. */
function Extent({ resource }: { resource: Reading }) {
  const { tree } = texts().catalogue
  const content = resource.text('content')
  const known = Object.entries(tree.content).find(([name]) => name === content)?.[1]
  const count = resource.number('count')
  const supplements = resource.text('supplements')
  const words = (
    <p>
      {known ?? fill(tree.contentOther, { content: content.slice(0, 60) || '–' })}{' '}
      {count !== undefined && counted(tree.inSystem, count, language.value)}
      {supplements && (
        <>
          {' '}
          {tree.supplements} <Canonical canonical={supplements} />
        </>
      )}
    </p>
  )
  return content === 'complete' || content === 'supplement' ? words : <Notice kind="open">{words}</Notice>
}
