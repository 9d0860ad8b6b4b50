/** What the workbench shows while nothing is on it: three ways to begin. */
import type { Bundle, Resource } from 'fhir/r4.js'
import { useState } from 'preact/hooks'
import { ask } from '../api/client.ts'
import { useReply } from '../api/use-reply.ts'
import { language } from '../app/session.ts'
import { texts } from '../languages/languages.ts'
import { Await } from '../parts/await.tsx'
import { Field } from '../parts/field.tsx'
import { open } from './desk.ts'
import { triedBase } from './document/artefacts.ts'
import { isBase, isName, newMap, newRule } from './document/templates.ts'
import { draftOfFiles } from './files.ts'

/** The page. */
export function StartPage() {
  const { workbench } = texts()
  return (
    <>
      <p class="lead">{workbench.lead}</p>
      <ol class="guide">
        {workbench.guide.map((step) => (
          <li>{step}</li>
        ))}
      </ol>
      <div class="beginnings">
        <OpenPublished />
        <div>
          <Begin />
          <OpenFile />
          <section class="card">
            <h2>{workbench.ecl.title}</h2>
            <p class="hint">{workbench.ecl.lead}</p>
            <a class="button quiet" href="/workbench?ecl=1">
              {workbench.ecl.open}
            </a>
          </section>
        </div>
      </div>
    </>
  )
}

type Found = Resource & {
  url?: string
  title?: string
  name?: string
  version?: string
  library?: string[]
  status?: string
}

function OpenPublished() {
  const { workbench, shell } = texts()
  const [filter, setFilter] = useState('')
  return (
    <section class="card">
      <h2>{workbench.openPublished}</h2>
      <p class="hint">{workbench.openPublishedHint}</p>
      <Field label={workbench.filter}>
        {(control) => (
          <input {...control} type="search" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
        )}
      </Field>
      <Choices type="PlanDefinition" parameter="plan" title={workbench.ruleSets} filter={filter} />
      <Choices type="Library" parameter="library" title={workbench.libraries} filter={filter} />
      <Choices type="StructureMap" parameter="map" title={workbench.maps} filter={filter} />
      <p class="hint">
        <a href="/catalogue">{workbench.moreInCatalogue}</a>
      </p>
      <span hidden>{shell.empty}</span>
    </section>
  )
}

interface ChoicesProps {
  type: string
  parameter: string
  title: string
  filter: string
}

function Choices({ type, parameter, title, filter }: ChoicesProps) {
  const { shell } = texts()
  const asked = useReply(type, (signal) =>
    ask<Bundle>(`/${type}?_elements=id,url,name,title,version,status&_count=500`, { signal }),
  )
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  return (
    <>
      <h3>{title}</h3>
      <Await asked={asked} lines={3}>
        {({ entry = [] }) => {
          const all = entry.flatMap(({ resource }) => (resource ? [resource as Found] : []))
          const { compare } = new Intl.Collator(language.value, { numeric: true })
          const found = all
            .filter(({ title: name, name: code, url }) =>
              words.every((word) => `${name} ${code} ${url}`.toLowerCase().includes(word)),
            )
            .sort((a, b) => compare(titleOf(a), titleOf(b)) || compare(b.version ?? '', a.version ?? ''))
          if (found.length === 0) return <p class="hint">{shell.empty}</p>
          return (
            <ul class="choices">
              {found.map((each) => {
                const { id = '', version, status } = each
                return (
                  <li>
                    <a href={`/workbench?${parameter}=${encodeURIComponent(id)}`}>
                      <bdi>{titleOf(each)}</bdi>
                      <span class="choice-version">
                        <bdi>{version}</bdi>
                        {status !== 'active' && ` · ${status}`}
                      </span>
                    </a>
                  </li>
                )
              })}
            </ul>
          )
        }}
      </Await>
    </>
  )
}

const titleOf = ({ title, name, id = '' }: Found): string => title ?? name ?? id

function Begin() {
  const { workbench } = texts()
  const [kind, setKind] = useState<'rule' | 'map'>('rule')
  const [name, setName] = useState('')
  const [canonical, setCanonical] = useState(triedBase)
  const [jurisdiction, setJurisdiction] = useState('')
  const [isTried, setTried] = useState(false)
  const faults = {
    name: isName(name) ? '' : workbench.nameFault,
    canonical: isBase(canonical) ? '' : workbench.canonicalFault,
    jurisdiction: /^(?:[A-Z]{2,3})?$/.test(jurisdiction) ? '' : workbench.jurisdictionFault,
  }
  const errorOf = (text: string) => (isTried && text ? { error: text } : {})
  return (
    <form
      class="card"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        setTried(true)
        if (Object.values(faults).some(Boolean)) return
        const beginning = { name, canonical: canonical.replace(/\/+$/, ''), jurisdiction }
        open(kind === 'rule' ? newRule(beginning) : newMap(beginning))
      }}
    >
      <h2>{workbench.begin}</h2>
      <fieldset class="choice">
        <legend>{workbench.what}</legend>
        {(['rule', 'map'] as const).map((each) => (
          <label>
            <input type="radio" name="kind" checked={kind === each} onChange={() => setKind(each)} />
            {each === 'rule' ? workbench.aRule : workbench.aMap}
          </label>
        ))}
      </fieldset>
      <Field label={workbench.name} hint={workbench.nameHint} {...errorOf(faults.name)}>
        {(control) => (
          <input {...control} dir="ltr" value={name} onInput={(event) => setName(event.currentTarget.value.trim())} />
        )}
      </Field>
      <Field label={workbench.canonical} hint={workbench.canonicalHint} {...errorOf(faults.canonical)}>
        {(control) => (
          <input
            {...control}
            dir="ltr"
            type="url"
            value={canonical}
            onInput={(event) => setCanonical(event.currentTarget.value.trim())}
          />
        )}
      </Field>
      {kind === 'rule' && (
        <Field label={workbench.jurisdiction} hint={workbench.jurisdictionHint} {...errorOf(faults.jurisdiction)}>
          {(control) => (
            <input
              {...control}
              dir="ltr"
              maxLength={3}
              value={jurisdiction}
              onInput={(event) => setJurisdiction(event.currentTarget.value.trim().toUpperCase())}
            />
          )}
        </Field>
      )}
      <button type="submit">{workbench.beginNow}</button>
    </form>
  )
}

function OpenFile() {
  const { workbench } = texts()
  const [wrong, setWrong] = useState(false)
  const read = async (input: HTMLInputElement) => {
    const found = await draftOfFiles([...(input.files ?? [])])
    input.value = ''
    setWrong(found === undefined)
    if (found) open(found)
  }
  return (
    <section class="card">
      <h2>{workbench.openFile}</h2>
      <Field label={workbench.file} hint={workbench.fileHint} {...(wrong && { error: workbench.fileFault })}>
        {(control) => (
          <input
            {...control}
            type="file"
            multiple
            accept=".cql,.map,.fml,.json,text/plain,application/json"
            onChange={(event) => void read(event.currentTarget)}
          />
        )}
      </Field>
    </section>
  )
}
