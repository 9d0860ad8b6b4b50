/** A library: its text, its parameters, what it leans on. */
import { useEffect } from 'preact/hooks'
import { place } from '../../app/router.ts'
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { say } from '../../parts/say.ts'
import { CodeView } from '../page/code-view.tsx'
import type { CodeLanguage } from '../page/highlight.ts'
import { Canonical, WebLink } from '../page/links.tsx'
import { LongText } from '../page/notices.tsx'
import type { PartProps } from '../page/part-props.ts'
import { ScrollBox } from '../page/scroll-box.tsx'
import { Download } from '../page/source.tsx'
import {
  type Content,
  contentsOf,
  type LibraryParameter,
  libraryParameters,
  lineOfDefine,
  relatedOf,
} from '../readers/library.ts'

/** Its text. The address' `define` names what is to be in sight. */
export function LibraryText({ resource }: PartProps) {
  const { code, tabs } = texts().catalogue
  const contents = contentsOf(resource)
  return (
    <section aria-label={tabs.text}>
      {contents.length === 0 && <p>{code.noText}</p>}
      {contents.map((each) => (
        <ContentView content={each} name={resource.text('name') || 'library'} />
      ))}
    </section>
  )
}

function ContentView({ content, name }: { content: Content; name: string }) {
  const { code } = texts().catalogue
  const isCql = content.type.startsWith('text/cql')
  const define = place.value.query.get('define')
  const line = isCql && define && content.text !== undefined ? lineOfDefine(content.text, define) : undefined
  const label = fill(code.text, { language: isCql ? 'CQL' : content.type || '–' })
  const said =
    isCql && define
      ? line === undefined
        ? fill(code.noDefine, { name: define.slice(0, 200) })
        : fill(code.goTo, { line })
      : ''
  useEffect(() => {
    if (said) say(said)
  }, [said])
  return (
    <>
      <h2 dir="auto">{label}</h2>
      {said && <p class={line === undefined ? 'error' : 'hint'}>{said}</p>}
      {content.text === undefined ? (
        <p>
          {code.notDecoded} {content.url && <WebLink address={content.url} />}
        </p>
      ) : (
        <>
          <CodeView text={content.text} language={languageOf(content.type)} label={label} marked={line} />
          <Download text={content.text} type={content.type} name={`${name}.${isCql ? 'cql' : 'txt'}`} />
        </>
      )}
    </>
  )
}

function languageOf(type: string): CodeLanguage {
  if (type.startsWith('text/cql')) return 'cql'
  return /json/.test(type) ? 'json' : 'plain'
}

/** What it takes and gives. */
export function LibraryParameters({ resource }: PartProps) {
  const { library, tabs } = texts().catalogue
  const parameters = libraryParameters(resource)
  const takes = parameters.filter(({ use }) => use !== 'out')
  const gives = parameters.filter(({ use }) => use === 'out')
  return (
    <section aria-label={tabs.parameters}>
      {parameters.length === 0 && <p>{library.noParameters}</p>}
      {takes.length > 0 && <h2>{library.takes}</h2>}
      {takes.length > 0 && <ParameterTable parameters={takes} />}
      {gives.length > 0 && <h2>{library.gives}</h2>}
      {gives.length > 0 && <ParameterTable parameters={gives} />}
    </section>
  )
}

function ParameterTable({ parameters }: { parameters: LibraryParameter[] }) {
  const { library } = texts().catalogue
  return (
    <ScrollBox label={texts().catalogue.tabs.parameters}>
      <table>
        <thead>
          <tr>
            <th scope="col">{library.name}</th>
            <th scope="col">{library.type}</th>
            <th scope="col">{library.count}</th>
            <th scope="col">{library.documentation}</th>
          </tr>
        </thead>
        <tbody>
          {parameters.slice(0, 500).map((each) => (
            <tr>
              <th scope="row" dir="auto">
                {each.name.slice(0, 200)}
              </th>
              <td>
                <code>{each.type.slice(0, 100)}</code>
              </td>
              <td>{each.cardinality.slice(0, 20)}</td>
              <td>
                <LongText text={each.documentation} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  )
}

/** What it is related to, by kind of relation. */
export function Related({ resource }: PartProps) {
  const { library, tabs } = texts().catalogue
  const related = relatedOf(resource).slice(0, 1_000)
  const kinds = [...new Set(related.map(({ kind }) => kind))]
  return (
    <section aria-label={tabs.related}>
      <h2>{library.related}</h2>
      {related.length === 0 && <p>{library.noRelated}</p>}
      {kinds.map((kind) => (
        <>
          <h3 dir="auto">
            {Object.entries(library.relatedKinds).find(([name]) => name === kind)?.[1] ?? kind.slice(0, 100)}
          </h3>
          <ul class="plain-list">
            {related
              .filter((each) => each.kind === kind)
              .map((each) => (
                <li>
                  {each.resource && <Canonical canonical={each.resource} words={each.words.slice(0, 1_000)} />}
                  {!each.resource && each.url && <WebLink address={each.url} words={each.words.slice(0, 1_000)} />}
                  {!each.resource && !each.url && <LongText text={each.words} />}
                </li>
              ))}
          </ul>
        </>
      ))}
    </section>
  )
}
