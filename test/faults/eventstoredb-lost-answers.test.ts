import { describeLostAnswers } from './eventstoredb-lost-answers.js'

await describeLostAnswers('@eventstore/db-client')
