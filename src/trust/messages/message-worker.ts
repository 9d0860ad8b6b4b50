import { serveJobs } from '../../workers/serve-jobs.ts'
import { type MessageAnswer, type MessageJob, openMessages } from './open-messages.ts'

/** The program of the process that opens signed messages; see message-process.ts. */
serveJobs<MessageJob, MessageAnswer>((job) => openMessages(job))
