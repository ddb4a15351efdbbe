import { describeLostAnswers } from './eventstoredb-lost-answers.js'

await describeLostAnswers('@kurrent/kurrentdb-client')
