"""Settings from the environment and `.env`, read once; documented in .env.example."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Each field is the variable of the same name in capitals."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    essays_dir: Path = Path("essays")
    index_dir: Path = Path("index")
    chroma_url: str = ""
    embedding_model: str = ""
