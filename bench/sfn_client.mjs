// Drives `bunsui local serve` with the AWS SDK for JavaScript: create, start, describe, history, redrive, task
// tokens, activities and TestState. The environment is what the server printed; exit status 1 where an answer
// differs.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const sfn = require("@aws-sdk/client-sfn");

const client = new sfn.SFNClient({ disableHostPrefix: true });
const role = "arn:aws:iam::123456789012:role/test";
const send = (name, input) => client.send(new sfn[`${name}Command`](input));

async function until(look) {
  for (let tries = 0; tries < 500; tries += 1) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("nothing was found in time");
}

const ended = (executionArn) =>
  until(async () => {
    const told = await send("DescribeExecution", { executionArn });
    return told.status === "RUNNING" ? undefined : told;
  });

async function machine(name, states) {
  const definition = JSON.stringify({ StartAt: Object.keys(states)[0], States: states });
  return (await send("CreateStateMachine", { name, definition, roleArn: role })).stateMachineArn;
}

async function tokenOf(executionArn, before) {
  return until(async () => {
    const { events } = await send("GetExecutionHistory", { executionArn, reverseOrder: true });
    if (!events.some((event) => event.type === "TaskSubmitted")) return undefined;
    const call = events.find((event) => event.type === "TaskScheduled");
    const token = JSON.parse(call.taskScheduledEventDetails.parameters).MessageBody;
    return token === before ? undefined : token;
  });
}

const ask = await machine("ask", {
  Ask: {
    Type: "Task",
    Resource: "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    Parameters: { QueueUrl: "q", "MessageBody.$": "$$.Task.Token" },
    End: true,
  },
});
const { executionArn } = await send("StartExecution", { stateMachineArn: ask, name: "one", input: "{}" });
const first = await tokenOf(executionArn);
await send("SendTaskHeartbeat", { taskToken: first });
await send("SendTaskFailure", { taskToken: first, error: "Bad", cause: "why" });
const failed = await ended(executionArn);
assert.equal(failed.status, "FAILED");
assert.equal(failed.error, "Bad");
assert.ok(failed.stopDate instanceof Date);
await send("RedriveExecution", { executionArn });
await send("SendTaskSuccess", { taskToken: await tokenOf(executionArn, first), output: '{"ok":true}' });
const done = await ended(executionArn);
assert.deepEqual([done.status, done.output, done.redriveCount], ["SUCCEEDED", '{"ok":true}', 1]);

const { activityArn } = await send("CreateActivity", { name: "work" });
const work = await machine("work", { Do: { Type: "Task", Resource: activityArn, End: true } });
const begun = await send("StartExecution", { stateMachineArn: work, input: '{"n":1}' });
const task = await send("GetActivityTask", { activityArn, workerName: "node" });
assert.equal(task.input, '{"n":1}');
await send("SendTaskSuccess", { taskToken: task.taskToken, output: "2" });
assert.equal((await ended(begun.executionArn)).output, "2");

const tested = await send("TestState", {
  definition: JSON.stringify({ Type: "Pass", Result: 1, End: true }),
  roleArn: role,
});
assert.equal(tested.output, "1");
const listed = await send("ListExecutions", { stateMachineArn: ask, statusFilter: "SUCCEEDED" });
assert.equal(listed.executions.length, 1);
await assert.rejects(send("DescribeStateMachine", { stateMachineArn: `${ask}x` }), {
  name: "StateMachineDoesNotExist",
});
console.log("every answer is as expected");
