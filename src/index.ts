/**
 * Grapevine as a library. What stands here is public and keeps its meaning within a minor version; every other
 * file of the package is private, and its `exports` keep it so.
 *
 *     import { planRun, simulate, verifyRunConfig } from 'grapevine';
 *     const plan = planRun(verifyRunConfig({ peers: 8, task: 'quadratic' }), { cacheDirectory });
 *
 * From the choices of a run to its numbers: a configuration is verified, a plan makes models and peers of it, and
 * one of two drivers runs them, `simulate` under virtual time or a `Peer` a node over a transport. Both record
 * events, of which `summarize` and `renderReport` make what a person reads. The command line uses nothing else.
 */

// What the outside world may get wrong: decide by `code`, never by message.
export type { Clock } from './base/clock.js';
export { systemClock } from './base/clock.js';
export type { ErrorCode, ErrorFacts } from './base/errors.js';
export { errorCodes, GrapevineError, isGrapevineError } from './base/errors.js';
export type { Random } from './base/random.js';
export { createRandom } from './base/random.js';
export type { Registry } from './base/registry.js';

// Compression: a flat vector in blocks, in and out of self-describing messages.
export type { Compressor, CompressorState, MatrixBlock } from './compression/compressor.js';
export { decodeAddInto } from './compression/message.js';
export { compressors } from './compression/registry.js';

// A run: its configuration, and the objects that follow from it.
export type { Delivery, RunPlan } from './config/run-plan.js';
export { maxFrameBytesOf, planRun } from './config/run-plan.js';
export type { RunConfig, RunConfigInput } from './config/schema.js';
export type { PlanOptions } from './config/training-plan.js';
export { configHash, verifyRunConfig } from './config/verify.js';

// The algorithm: a state machine that does no input or output of its own.
export type { Algorithm, AnyAlgorithm, RunFacts } from './consensus/algorithm.js';
export type { EdgeStatus, Effect, ExchangeAudit, Input, TimerName } from './consensus/events.js';
export type { PeerSetup } from './consensus/peer-setup.js';
export { setUpPeer } from './consensus/peer-setup.js';
export type { EdgeState, PeerInit as PeerStateInit, PeerOptions, PeerState } from './consensus/peer-state.js';
export { createPeerState, defaultPeerOptions } from './consensus/peer-state.js';
export { algorithms } from './consensus/registry.js';
export { step } from './consensus/step.js';

// What a run writes down, and what can be read from it.
export { consensusDistance, meanModelOf } from './metrics/consensus-distance.js';
export type {
  EdgeEvent,
  EndEvent,
  EvaluationEvent,
  MetricsEvent,
  NoticeEvent,
  PeerLostEvent,
  PhaseSeconds,
  RoundEvent,
  RunEvent,
  RunSummary,
} from './metrics/events.js';
export { METRICS_SCHEMA } from './metrics/events.js';
export { parseMetrics, readMetrics } from './metrics/read-metrics.js';
export type { MemoryRecorder, Recorder, RecorderOptions } from './metrics/recorder.js';
export { createMemoryRecorder, createRecorder } from './metrics/recorder.js';
export { summarize } from './metrics/summary.js';
export type { Admission, AdmissionInit } from './node/admission.js';
export { createAdmission } from './node/admission.js';
export { withFrameBudget } from './node/frame-budget.js';
export type { Invitation, Revocations } from './node/invitation.js';
export { issueInvitation, issueRevocations, openInvitation, openRevocations } from './node/invitation.js';
export type { JoinAnswer, JoinRequest } from './node/join-service.js';
export { createJoinService } from './node/join-service.js';
export type { GuardInit, Refusal } from './node/libp2p-guard.js';
export { SwarmGuard } from './node/libp2p-guard.js';
export type { Identity } from './node/libp2p-identity.js';
export { createIdentity, openIdentity, verifySignature } from './node/libp2p-identity.js';
export type { JoinInit, JoinOutcome } from './node/libp2p-join.js';
export { askToJoin } from './node/libp2p-join.js';
// Driver 1: one peer on real links.
export type { Libp2pTransport, Libp2pTransportInit } from './node/libp2p-transport.js';
export { createLibp2pTransport } from './node/libp2p-transport.js';
export type { LinkRefusal } from './node/link.js';
export type { MemberRecord, MemberStatus } from './node/membership.js';
export type { MemoryHub, MemoryTransportInit } from './node/memory-transport.js';
export { createMemoryNetwork } from './node/memory-transport.js';
export type { PeerInit, RoundReport } from './node/peer.js';
export { Peer } from './node/peer.js';
export type { AdmissionPolicy, SwarmDescription } from './node/swarm-identity.js';
export { foundSwarm, openDescription } from './node/swarm-identity.js';
export type { Transport, TransportCounters, TransportHandlers } from './node/transport.js';

export { renderReport } from './report/html.js';

// Driver 2: all peers in this process, under virtual time.
export type { Attack, AttackName, AttackOptions, HonestModels } from './simulation/attacks.js';
export { attackNames, createAttack } from './simulation/attacks.js';
export type { Framing, JitterShape, LinkOptions } from './simulation/link-model.js';
export { perfectLink } from './simulation/link-model.js';
export type { AccessOptions, NetworkOptions } from './simulation/network.js';
export type { SimulatedOutcome, SimulatedRun } from './simulation/simulate.js';
export { simulate } from './simulation/simulate.js';
export type {
  Fault,
  NodeCounters,
  Observation,
  SimulationInit,
  SimulationResult,
} from './simulation/simulator.js';
export { runSimulation } from './simulation/simulator.js';

// Topologies: connected graphs with their mixing matrices.
export type { TopologyDescription } from './topology/describe.js';
export { describeTopology } from './topology/describe.js';
export type { ExportFormat } from './topology/export.js';
export { exportFormats, exportTopology } from './topology/export.js';
export type { TopologyFamily } from './topology/family.js';
export type { Graph } from './topology/graph.js';
export { degreeOf, edgeCount, edgesOf, neighborsOf } from './topology/graph.js';
export { buildTopology, topologies } from './topology/registry.js';
export { spectrumOf } from './topology/spectrum.js';
export type { MixingMatrix, Spectrum, Topology } from './topology/topology.js';

// Local training: data, models and optimizers on flat parameter vectors.
export type { DataRequest } from './training/data/data-request.js';
export type { ClassTargets, Dataset, Samples, ValueTargets } from './training/data/dataset.js';
export type { EngineChoice, EngineName } from './training/engine.js';
export { engineChoices } from './training/engine.js';
export type { ExportSubject } from './training/keras/keras-export.js';
export { exportKeras } from './training/keras/keras-export.js';
export type { ImportedModel } from './training/keras/keras-import.js';
export { importKeras } from './training/keras/keras-import.js';
export type { KerasModel } from './training/keras/keras-model.js';
export type { LayersModelLike } from './training/keras/layers-model.js';
export type { LocalTrainer, LocalTrainerOptions } from './training/local-trainer.js';
export { createLocalTrainer } from './training/local-trainer.js';
export type { Activation, Layer, Loss, Network } from './training/network/network.js';
export { losses } from './training/network/network.js';
export type { Optimizer, OptimizerRun, OptimizerState } from './training/optimizer.js';
export { optimizers } from './training/optimizer.js';
export type { ParameterLayout, ParameterTensor } from './training/parameters.js';
export { layOut, layoutHash } from './training/parameters.js';
export type { Partition, PartitionedSamples, PartitionResult } from './training/partition.js';
export { partitions } from './training/partition.js';
export { encodeSafeTensors, writeSafeTensors } from './training/safetensors.js';
export type { Schedule } from './training/schedule.js';
export { schedules } from './training/schedule.js';
export type { AdaptiveStepping, Stepping } from './training/stepping.js';
export { steppings } from './training/stepping.js';
export type { NetworkTaskOptions } from './training/tasks/network-task.js';
export { networkTask } from './training/tasks/network-task.js';
export { tasks } from './training/tasks/registry.js';
export type { Task, TaskDefaults, TaskModelOptions, TaskSubject } from './training/tasks/task.js';
export { openTasks } from './training/tasks/task-file.js';
export type { Numbers, UserRows, UserSamples } from './training/tasks/user-rows.js';
export type { ModelContext, UserData, UserModel, UserTask } from './training/tasks/user-task.js';
export { defineTask } from './training/tasks/user-task.js';
export { registerKerasLayers } from './training/tfjs-keras-layers.js';
export type { TorchTensor } from './training/torch-export.js';
export { exportTorch } from './training/torch-export.js';
export type { Evaluation, GradientModel, Trainer, TrainResult } from './training/trainer.js';

// Frames: what travels between two peers, byte by byte.
export type { Addressing } from './wire/decode.js';
export { checkAddressing, decodeFrame, readFrameLength } from './wire/decode.js';
export { encodeFrame, swarmTagOf } from './wire/encode.js';
export type {
  AcceptFrame,
  ByeFrame,
  Delta,
  DeltaFrame,
  DeltaPart,
  Frame,
  FrameKind,
  FrameLimits,
  HeartbeatFrame,
  Hello,
  HelloFrame,
  PartKind,
  RefuseFrame,
} from './wire/frame.js';
export {
  FRAME_HEADER_BYTES,
  FRAME_VERSION,
  frameKinds,
  MAX_CONTROL_BODY_BYTES,
  MAX_DELTA_PARTS,
  partKinds,
} from './wire/frame.js';
