//! A sentence-transformers model out of a directory, run on this machine's processors: text in, vector
//! out, and no network.

use std::path::Path;
use std::sync::{Arc, mpsc};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rten::{Model, NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_text::Tokenizer;
use rten_text::tokenizer::EncodeOptions;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::error::{Error, Result};

/// What these models read at most where they do not say.
const MOST_TOKENS: usize = 256;
/// One text that works is worth more than many checks of files.
const TRIAL: &str = "Does this model run here?";

/// A model that is loaded. It runs in two threads of its own, so that a query does not wait until a batch
/// of tools is done, and requests have the other processors.
pub struct SentenceModel {
    id: String,
    /// By [`Haste`].
    lines: [mpsc::Sender<Job>; 2],
}

/// Which of two lines texts stand in.
#[derive(Debug, Clone, Copy)]
pub enum Haste {
    /// A search waits.
    Query,
    /// Nobody waits.
    Background,
}

/// Texts, and who wants their vectors.
struct Job {
    texts: Vec<String>,
    answer: oneshot::Sender<Result<Vec<Vec<f32>>>>,
}

/// What a thread works with.
struct Worker {
    shared: Arc<Loaded>,
    /// No two threads can use one.
    tokenizer: Tokenizer,
    threads: Arc<ThreadPool>,
}

/// A model and how its answers are read.
struct Loaded {
    model: Model,
    inputs: Vec<(NodeId, Input)>,
    output: NodeId,
    pooling: Pooling,
    most_tokens: usize,
}

/// What a model wants to know of a text.
#[derive(Debug, Clone, Copy)]
enum Input {
    Tokens,
    /// 1 for each token, since a text is alone.
    Mask,
    /// 0 for each token: there is one sentence.
    Types,
}

/// How the vectors of tokens become one of the text.
#[derive(Debug, Clone, Copy)]
enum Pooling {
    Mean,
    /// That of the first token.
    First,
}

/// Of `1_Pooling/config.json`, as sentence-transformers writes it.
#[derive(Deserialize)]
#[serde(default)]
struct PoolingConfig {
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
    /// Another length, of the same direction.
    pooling_mode_mean_sqrt_len_tokens: bool,
}

impl Default for PoolingConfig {
    fn default() -> Self {
        Self {
            pooling_mode_cls_token: false,
            pooling_mode_mean_tokens: true,
            pooling_mode_mean_sqrt_len_tokens: false,
        }
    }
}

/// Of `sentence_bert_config.json`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct LengthConfig {
    max_seq_length: Option<usize>,
}

impl std::fmt::Debug for SentenceModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SentenceModel({})", self.id)
    }
}

impl SentenceModel {
    /// Loads the model of a directory: `model.onnx` or `onnx/model.onnx`, `tokenizer.json`, and where
    /// they are there `1_Pooling/config.json` and `sentence_bert_config.json`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a file is missing or broken, or the model is of a kind that cannot run
    /// here.
    pub fn open(directory: &Path) -> Result<Self> {
        let paths = ["model.onnx", "onnx/model.onnx"].map(|path| directory.join(path));
        let path = paths
            .iter()
            .find(|path| path.is_file())
            .ok_or_else(|| unusable(directory, "it has neither model.onnx nor onnx/model.onnx"))?;
        let bytes = read(path)?;
        let words = read(&directory.join("tokenizer.json"))?;
        let mut hash = Sha256::new_with_prefix(&bytes);
        hash.update(&words);
        let hash = hash.finalize();
        let model = Model::load(bytes)
            .map_err(|cause| unusable(directory, &format!("{}: {cause}", path.display())))?;
        let shared = Arc::new(Loaded {
            inputs: inputs(&model).map_err(|what| unusable(directory, &what))?,
            output: output(&model).ok_or_else(|| unusable(directory, "it has no output"))?,
            model,
            pooling: pooling(directory)?,
            most_tokens: most_tokens(directory)?,
        });
        let words = String::from_utf8(words).map_err(|_| broken(directory, "tokenizer.json"))?;
        let words: Arc<str> = words.into();
        let trial = Worker::new(&shared, &words).and_then(|worker| worker.embed(TRIAL));
        trial.map_err(|error| unusable(directory, &error.with_causes()))?;
        Ok(Self {
            id: URL_SAFE_NO_PAD.encode(hash),
            lines: [line(&shared, &words)?, line(&shared, &words)?],
        })
    }

    /// Tells its vectors from those of other models: a hash of its files.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The vectors of texts, of any length. Each takes a processor for some milliseconds.
    ///
    /// # Errors
    /// When the model cannot make anything of a text.
    pub async fn embed(&self, texts: Vec<String>, haste: Haste) -> Result<Vec<Vec<f32>>> {
        let (answer, answered) = oneshot::channel();
        let line = &self.lines[haste as usize];
        line.send(Job { texts, answer }).map_err(failed)?;
        answered.await.map_err(failed)?
    }
}

/// A thread that works until its model is dropped.
fn line(shared: &Arc<Loaded>, words: &Arc<str>) -> Result<mpsc::Sender<Job>> {
    let (sender, jobs) = mpsc::channel::<Job>();
    let (shared, words) = (Arc::clone(shared), Arc::clone(words));
    let work = move || {
        // The trial has made one of the same text.
        let Ok(worker) = Worker::new(&shared, &words) else {
            return;
        };
        // A search that went on by words alone wants no answer any more.
        for Job { texts, answer } in jobs.iter().filter(|job| !job.answer.is_closed()) {
            let vectors = texts.iter().map(|text| worker.embed(text)).collect();
            let _ = answer.send(vectors);
        }
    };
    std::thread::Builder::new()
        .name("embeddings".into())
        .spawn(work)?;
    Ok(sender)
}

impl Worker {
    fn new(shared: &Arc<Loaded>, words: &str) -> Result<Self> {
        Ok(Self {
            shared: Arc::clone(shared),
            tokenizer: Tokenizer::from_json(words)
                .map_err(|cause| failed(format!("tokenizer.json: {cause}")))?,
            threads: Arc::new(ThreadPool::with_num_threads(1)),
        })
    }

    fn embed(&self, text: &str) -> Result<Vec<f32>> {
        let Loaded {
            model,
            inputs,
            output,
            pooling,
            most_tokens,
        } = self.shared.as_ref();
        let options = EncodeOptions {
            max_chunk_len: Some(*most_tokens),
            ..EncodeOptions::default()
        };
        let encoded = self.tokenizer.encode(text, Some(options));
        let encoded = encoded.map_err(failed)?;
        let ids = encoded.token_ids().iter();
        let tokens = ids.map(|id| i32::try_from(*id).map_err(failed));
        let tokens: Vec<i32> = tokens.collect::<Result<_>>()?;
        let count = tokens.len();
        let inputs = inputs.iter().map(|(node, input)| {
            let values = match input {
                Input::Tokens => tokens.clone(),
                Input::Mask => vec![1; count],
                Input::Types => vec![0; count],
            };
            let value = Value::from_shape([1, count], values).map_err(failed)?;
            Ok((*node, ValueOrView::from(value)))
        });
        let inputs = inputs.collect::<Result<Vec<_>>>()?;
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.threads)));
        let run = model.run_n(inputs, [*output], Some(options));
        let [output] = run.map_err(failed)?;
        let ([_, _, width], numbers) = output.into_shape_vec::<f32, 3>().map_err(failed)?;
        let pooled = pooling.pool(&numbers, width);
        pooled.ok_or_else(|| failed("its output is empty"))
    }
}

impl Pooling {
    /// One vector of those of all tokens.
    fn pool(self, numbers: &[f32], width: usize) -> Option<Vec<f32>> {
        let mut tokens = numbers.chunks_exact(width.max(1));
        let mut pooled = tokens.next()?.to_vec();
        match self {
            // Of which only the direction is asked for, so the sum does.
            Self::Mean => {
                for token in tokens {
                    pooled.iter_mut().zip(token).for_each(|(sum, x)| *sum += x);
                }
            }
            Self::First => {}
        }
        Some(pooled)
    }
}

fn inputs(model: &Model) -> Result<Vec<(NodeId, Input)>, String> {
    let one = |node: &NodeId| {
        let name = model.node_info(*node).and_then(|node| node.name());
        let input = match name.unwrap_or_default() {
            "input_ids" => Input::Tokens,
            "attention_mask" => Input::Mask,
            "token_type_ids" => Input::Types,
            other => return Err(format!("it wants `{other}`, which texts do not have")),
        };
        Ok((*node, input))
    };
    model.input_ids().iter().map(one).collect()
}

/// The vectors of tokens, which exports put first if they do not name them.
fn output(model: &Model) -> Option<NodeId> {
    let named = ["last_hidden_state", "token_embeddings"];
    let mut named = named.iter().filter_map(|name| model.find_node(name));
    named.next().or_else(|| model.output_ids().first().copied())
}

fn pooling(directory: &Path) -> Result<Pooling> {
    let PoolingConfig {
        pooling_mode_cls_token,
        pooling_mode_mean_tokens,
        pooling_mode_mean_sqrt_len_tokens,
    } = config(directory, "1_Pooling/config.json")?;
    if pooling_mode_cls_token {
        Ok(Pooling::First)
    } else if pooling_mode_mean_tokens || pooling_mode_mean_sqrt_len_tokens {
        Ok(Pooling::Mean)
    } else {
        let what = "it pools tokens neither by their mean nor by the first one";
        Err(unusable(directory, what))
    }
}

fn most_tokens(directory: &Path) -> Result<usize> {
    let LengthConfig { max_seq_length } = config(directory, "sentence_bert_config.json")?;
    let most = max_seq_length.unwrap_or(MOST_TOKENS);
    Ok(most.clamp(16, 512))
}

/// A file that a directory may have; its defaults if not.
fn config<C: DeserializeOwned + Default>(directory: &Path, name: &str) -> Result<C> {
    let path = directory.join(name);
    if !path.exists() {
        return Ok(C::default());
    }
    serde_json::from_slice(&read(&path)?).map_err(|_| broken(directory, name))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|cause| {
        Error::invalid(format!(
            "the embedding model's {} cannot be read: {cause}",
            path.display()
        ))
    })
}

fn broken(directory: &Path, name: &str) -> Error {
    unusable(directory, &format!("{name} is not what it should be"))
}

fn unusable(directory: &Path, what: &str) -> Error {
    Error::invalid_with_fix(
        format!(
            "no embedding model can be run out of {}: {what}",
            directory.display()
        ),
        "TENON_EMBEDDINGS_DIR names a directory as sentence-transformers saves models, with \
         model.onnx or onnx/model.onnx, and tokenizer.json.",
    )
}

fn failed(cause: impl std::fmt::Display) -> Error {
    Error::internal(format!("the embedding model cannot be run: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/sentence_model")
    }

    #[tokio::test]
    async fn a_text_points_where_its_tokens_do_on_average() {
        let model = SentenceModel::open(&directory()).unwrap();
        let texts = ["Star the repository!", "FAVOURITE", ""].map(str::to_owned);
        for haste in [Haste::Query, Haste::Background] {
            let vectors = model.embed(texts.to_vec(), haste).await.unwrap();
            assert_eq!(vectors[0], [4.0, 4.0, 0.0, 2.0]);
            assert_eq!(vectors[1], [4.0, 0.0, 0.0, 0.0]);
            assert_eq!(vectors[2], [0.0; 4]);
        }
    }

    #[tokio::test]
    async fn a_text_of_any_length_is_read_as_far_as_the_model_reads() {
        let model = SentenceModel::open(&directory()).unwrap();
        let texts = vec!["issue ".repeat(5_000)];
        let vectors = model.embed(texts, Haste::Query).await.unwrap();
        assert_eq!(vectors[0], [0.0, 0.0, 4.0 * 254.0, 0.0]);
    }

    #[test]
    fn a_directory_without_a_model_or_with_a_broken_one_is_refused_by_name() {
        let copied = tempfile::tempdir().unwrap();
        let folder = copied.path();
        let refused = |expected: &str| {
            let error = SentenceModel::open(folder).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        refused("neither model.onnx nor onnx/model.onnx");
        std::fs::create_dir(folder.join("onnx")).unwrap();
        std::fs::copy(
            directory().join("model.onnx"),
            folder.join("onnx/model.onnx"),
        )
        .unwrap();
        refused("tokenizer.json cannot be read");
        std::fs::write(folder.join("tokenizer.json"), "{}").unwrap();
        refused("tokenizer.json: ");
        std::fs::copy(
            directory().join("tokenizer.json"),
            folder.join("tokenizer.json"),
        )
        .unwrap();
        assert!(SentenceModel::open(folder).is_ok());
        std::fs::create_dir(folder.join("1_Pooling")).unwrap();
        let pooling = folder.join("1_Pooling/config.json");
        std::fs::write(&pooling, r#"{"pooling_mode_mean_tokens": false}"#).unwrap();
        refused("neither by their mean nor by the first one");
        std::fs::write(&pooling, "{").unwrap();
        refused("1_Pooling/config.json is not what it should be");
        std::fs::remove_file(&pooling).unwrap();
        std::fs::write(folder.join("model.onnx"), b"no model").unwrap();
        refused("model.onnx: ");
    }

    #[test]
    fn the_first_token_speaks_for_a_text_where_the_model_says_so() {
        let numbers = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(Pooling::First.pool(&numbers, 2).unwrap(), [1.0, 2.0]);
        assert_eq!(Pooling::Mean.pool(&numbers, 2).unwrap(), [4.0, 6.0]);
        assert!(Pooling::Mean.pool(&[], 2).is_none());
    }
}
