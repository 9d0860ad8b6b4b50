/** What is open: its texts in editors with the server's errors, and what can be done with it. */
import { useId, useState } from 'preact/hooks'
import { fill } from '../languages/fill.ts'
import { texts } from '../languages/languages.ts'
import { Icon } from '../parts/icon.tsx'
import { Notice } from '../parts/notice.tsx'
import { say } from '../parts/say.ts'
import { CasesPanel } from './cases/cases-panel.tsx'
import { type Check, useCheck } from './check.ts'
import { draft as held, lookAt, looked, open, shownPart } from './desk.ts'
import { DiscardDialog } from './discard-dialog.tsx'
import { asKept, type Draft, identityOf, isChanged, type Part, raised, withText } from './document/artefacts.ts'
import { compareVersions } from './document/header.ts'
import type { Problem } from './document/problems.ts'
import { CodeEditor } from './editor/code-editor.tsx'
import { ProblemList } from './problem-list.tsx'
import { PublishPanel } from './publish/publish-panel.tsx'
import { saveFile } from './save-file.ts'
import { Tabs } from './tabs.tsx'
import { TryPanel } from './try/try-panel.tsx'

/** The bench. */
export function Bench({ draft }: { draft: Draft }) {
  const { workbench } = texts()
  const [tab, setTab] = useState('try')
  const [refused, setRefused] = useState<{ key: string; text: string; problems: Problem[] }[]>([])
  const titles = draft.parts.map((part) => titleOf(part, draft))
  return (
    <>
      <BenchHead draft={draft} />
      <Older draft={draft} />
      <div class="bench">
        <section class="bench-text" aria-label={workbench.text}>
          <Tabs
            label={workbench.text}
            chosen={shownPart.value}
            choose={(key) => {
              shownPart.value = key
            }}
            tabs={draft.parts.map((part, at) => ({
              key: part.key,
              name: titles[at] ?? '',
              remark: part.text === part.kept ? undefined : workbench.changed,
              content: (
                <PartEditor
                  key={part.key}
                  part={part}
                  title={titles[at] ?? ''}
                  beside={draft.parts.filter((each) => each !== part)}
                  refused={refused.find(({ key, text }) => key === part.key && text === part.text)?.problems}
                />
              ),
            }))}
          />
        </section>
        <section class="bench-tools" aria-label={workbench.tools}>
          <Tabs
            label={workbench.tools}
            chosen={tab}
            choose={setTab}
            tabs={[
              { key: 'try', name: workbench.tryIt, content: <TryPanel draft={draft} /> },
              ...(draft.kind === 'rule'
                ? [{ key: 'cases', name: workbench.cases, content: <CasesPanel draft={draft} /> }]
                : []),
              {
                key: 'publish',
                name: workbench.publish,
                content: <PublishPanel draft={draft} isShown={tab === 'publish'} refused={setRefused} />,
              },
            ]}
          />
        </section>
      </div>
    </>
  )
}

const parameters = { Library: 'library', PlanDefinition: 'plan', StructureMap: 'map' } as const

/** Says that what is open decides no more, until it is raised above what does. */
function Older({ draft: { newer, parts } }: { draft: Draft }) {
  const { workbench } = texts()
  const own = newer && parts.map(identityOf).find(({ url }) => url === newer.url)
  if (!newer || compareVersions(newer.version, own?.version ?? '') <= 0) return null
  const { type, id, version } = newer
  return (
    <Notice kind="open" head={workbench.older}>
      <p>{fill(workbench.olderHint, { version })}</p>
      <a href={`/workbench?${parameters[type]}=${encodeURIComponent(id)}`}>{fill(workbench.olderOpen, { version })}</a>
    </Notice>
  )
}

function titleOf(part: Part, { parts }: Draft): string {
  const { workbench } = texts()
  if (part.language === 'cql') return workbench.ruleText
  if (part.language === 'fml') return workbench.mapText
  const plans = parts.filter(({ language }) => language === 'json')
  return plans.length === 1 ? workbench.ruleSet : `${workbench.ruleSet} ${plans.indexOf(part) + 1}`
}

function BenchHead({ draft }: { draft: Draft }) {
  const { workbench } = texts()
  const [isClosing, setClosing] = useState(false)
  const [main] = draft.parts
  const { name, version } = main ? identityOf(main) : { name: undefined, version: undefined }
  const save = () => {
    for (const part of draft.parts) saveFile(part)
    held.value = asKept(draft)
    say(workbench.saved)
  }
  const close = () => (isChanged(draft) ? setClosing(true) : open(undefined))
  return (
    <div class="bench-head">
      <h2>
        <bdi>{name ?? workbench.untitled}</bdi>{' '}
        <span class="tag">
          <bdi>{version ?? workbench.noVersion}</bdi>
        </span>{' '}
        {isChanged(draft) && <span class="tag tag-open">{workbench.changed}</span>}
      </h2>
      <div class="actions">
        <button
          type="button"
          class="quiet"
          onClick={() => {
            held.value = raised(draft)
            say(workbench.raised)
          }}
        >
          {workbench.raise}
        </button>
        <button type="button" class="quiet" onClick={save}>
          <Icon name="file" />
          {workbench.save}
        </button>
        <button type="button" class="quiet" onClick={close}>
          <Icon name="close" />
          {workbench.closeDraft}
        </button>
      </div>
      {isClosing && (
        <DiscardDialog
          answer={(isYes) => {
            setClosing(false)
            if (isYes) open(undefined)
          }}
        />
      )}
    </div>
  )
}

interface PartEditorProps {
  part: Part
  title: string
  /** Texts that are published together with it. */
  beside: readonly Part[]
  /** What publishing of exactly this text was refused for. */
  refused: Problem[] | undefined
}

function PartEditor({ part, title, beside, refused }: PartEditorProps) {
  const { workbench } = texts()
  const { check: found, again } = useCheck(part, beside)
  const check: Check = refused ? { state: 'checked', problems: refused, isGood: false } : found
  const hint = useId()
  const { name } = identityOf(part)
  return (
    <>
      <CodeEditor
        language={part.language}
        text={part.text}
        edition={part.edition}
        label={fill(workbench.editorLabel, { part: title, name: name ?? '' })}
        describedBy={hint}
        problems={check.state === 'checked' ? check.problems : none}
        shown={looked.value?.key === part.key ? looked.value.place : undefined}
        onChange={(text) => {
          if (held.value) held.value = withText(held.value, part.key, text)
        }}
      />
      <p class="hint" id={hint}>
        {workbench.editorHint}
      </p>
      <ProblemList check={check} again={again} show={(place) => lookAt(part.key, place)} />
    </>
  )
}

const none: Problem[] = []
